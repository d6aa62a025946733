namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Event: a job got its flavor when it came in. Moves between flavors that a change of a flavor causes are told by
/// <see cref="PressureChanged"/> and by the job's timeline, not one by one.
/// </summary>
[MessageName("orchestrator.jobs.job-assigned")]
public sealed record JobAssigned
{
    public required string Platform { get; init; }
    public required string Id { get; init; }

    /// <summary>Name of the flavor, unique within the platform.</summary>
    public required string Flavor { get; init; }
}

/// <summary>Event: a job came in and no enabled flavor of its platform offers all its labels. It waits.</summary>
[MessageName("orchestrator.jobs.job-unmatched")]
public sealed record JobUnmatched
{
    public required string Platform { get; init; }
    public required string Id { get; init; }

    /// <summary>The labels as compared: lower case, default labels removed.</summary>
    public required IReadOnlyList<string> Labels { get; init; }
}

/// <summary>Event: work on a job began. Published once per job.</summary>
[MessageName("orchestrator.jobs.job-started")]
public sealed record JobStarted
{
    public required string Platform { get; init; }
    public required string Id { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
}

/// <summary>Event: a job ended. Published once per job.</summary>
[MessageName("orchestrator.jobs.job-completed")]
public sealed record JobCompleted
{
    public required string Platform { get; init; }
    public required string Id { get; init; }
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>The flavor that the job was assigned to, if any.</summary>
    public string? Flavor { get; init; }
}

/// <summary>Event: a job was deleted and left a tombstone.</summary>
[MessageName("orchestrator.jobs.job-deleted")]
public sealed record JobDeleted
{
    public required string Platform { get; init; }
    public required string Id { get; init; }
}

/// <summary>
/// Event: the demand for these flavors may have changed. One event stands for many jobs, and events may overtake each
/// other, so it carries no number: read the pressure when it arrives.
/// </summary>
[MessageName("orchestrator.jobs.pressure-changed")]
public sealed record PressureChanged
{
    public required string Platform { get; init; }

    /// <summary>Names of the flavors, in alphabetical order.</summary>
    public required IReadOnlyList<string> Flavors { get; init; }
}
