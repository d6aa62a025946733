using System.Text.Json;

namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Command: a machine began to work on a job. May overtake its <see cref="EnqueueJob"/>: the job is then stored at
/// once, and assigned when its labels are known. Answered by <see cref="JobStarted"/>.
/// </summary>
[MessageName("orchestrator.jobs.start-job")]
public sealed record StartJob
{
    /// <inheritdoc cref="EnqueueJob.Platform"/>
    public required string Platform { get; init; }

    /// <inheritdoc cref="EnqueueJob.Id"/>
    public required string Id { get; init; }

    /// <summary>When the work began. A later time replaces an earlier one, never the other way round.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>As in <see cref="EnqueueJob"/>. Default: unknown, so that only the enqueue command assigns the job.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>As in <see cref="EnqueueJob"/>. Default: unknown.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>A JSON object, merged into the stored one key by key (shallow). Default: nothing to merge.</summary>
    public JsonElement? Raw { get; init; }
}
