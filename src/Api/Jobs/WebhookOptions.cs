using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Api.Jobs;

/// <summary>Section <c>Webhook</c>.</summary>
public sealed class WebhookOptions : IValidatableObject
{
    /// <summary>
    /// Secrets that GitHub may sign with; several while one is being replaced. Default: none, and every delivery is
    /// answered 503.
    /// </summary>
    public IList<string> Secrets { get; init; } = [];

    // Anybody can sign with the empty secret.
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Secrets.Any(string.IsNullOrWhiteSpace))
            yield return new ValidationResult("Webhook:Secrets must not hold an empty secret.", [nameof(Secrets)]);
    }
}
