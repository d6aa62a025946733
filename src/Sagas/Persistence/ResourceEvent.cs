namespace Orchestrator.Sagas.Persistence;

/// <summary>One transition of one resource: the lines of its timeline.</summary>
public sealed record ResourceEvent
{
    /// <summary>Drawn by the database. Higher means later for one resource.</summary>
    public long Id { get; init; }

    /// <summary>When the transition was written, on the database's clock.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What kind of resource, such as <c>job</c> or <c>flavor</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Which one, such as <c>github/4711</c>.</summary>
    public required string Key { get; init; }

    /// <summary>What happened, in past tense, such as <c>assigned</c>.</summary>
    public required string What { get; init; }

    public string? FromState { get; init; }
    public string? ToState { get; init; }
    public string? Reason { get; init; }

    /// <summary>Name of the token or of the publisher that caused it.</summary>
    public string? Actor { get; init; }

    public string? TraceId { get; init; }
}
