using System.Text.Json;

namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Command: a job ended, however it ended. It keeps its flavor and stops counting as pressure. A job that nobody
/// announced before is stored without a flavor. Answered by <see cref="JobCompleted"/>.
/// </summary>
[MessageName("orchestrator.jobs.complete-job")]
public sealed record CompleteJob
{
    /// <inheritdoc cref="EnqueueJob.Platform"/>
    public required string Platform { get; init; }

    /// <inheritdoc cref="EnqueueJob.Id"/>
    public required string Id { get; init; }

    /// <summary>When the job ended. A later time replaces an earlier one, never the other way round.</summary>
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>When the work began, if known.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>As in <see cref="EnqueueJob"/>. Default: unknown.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>As in <see cref="EnqueueJob"/>. Default: unknown.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>A JSON object, merged into the stored one key by key (shallow). Default: nothing to merge.</summary>
    public JsonElement? Raw { get; init; }
}
