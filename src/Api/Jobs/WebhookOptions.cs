namespace Orchestrator.Api.Jobs;

/// <summary>Section <c>Webhook</c>.</summary>
public sealed class WebhookOptions
{
    /// <summary>
    /// Secrets that GitHub may sign with; several while one is being replaced. Default: none, and every delivery is
    /// answered 503.
    /// </summary>
    public IList<string> Secrets { get; init; } = [];
}
