namespace Orchestrator.Sagas.Jobs;

/// <summary>What a write did to one job. Stored as <c>job.changes</c>.</summary>
[Flags]
public enum JobTransitions : short
{
    None = 0,
    Started = 1,
    Completed = 2,
    Assigned = 4,
    Inserted = 8,

    /// <summary>The labels of a job that was stored without them became known.</summary>
    Described = 16,
}

/// <summary>A job that a write inserted or changed; jobs that it left as they were have none.</summary>
public sealed record JobOutcome
{
    public required string Platform { get; init; }
    public required string Id { get; init; }
    public required JobTransitions Transitions { get; init; }
    public required JobEventKind Source { get; init; }
    public required IReadOnlyList<string> Labels { get; init; }
    public string? Flavor { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
}
