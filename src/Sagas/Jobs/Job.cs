using System.Text.Json;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Work that a platform wants a machine for (seed: <c>Job</c>).</summary>
public sealed class Job
{
    public required string Platform { get; init; }
    public required string Id { get; init; }
    public required string[] Labels { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public required JsonElement Raw { get; init; }
    public string? AssignedFlavor { get; init; }

    /// <summary>Trace of the message or request that brought the job in.</summary>
    public string? TraceId { get; init; }
}
