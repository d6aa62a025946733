namespace Orchestrator.Workers.Calls.Agent;

/// <summary>How a call ended.</summary>
public sealed record InvocationOutcome
{
    /// <summary>Null when the function answered 200.</summary>
    public InvocationFailure? Failure { get; init; }

    /// <summary>What the caller is told, e.g. <c>Timed out</c>; null on success.</summary>
    public string? Message { get; init; }

    /// <summary>The HTTP status for the caller of <c>/invoke</c>; 200 on success.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The function's headers, on success; hop-by-hop headers and the length are left out.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The function's body, on success.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>When execution began; null when the call never began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Time inside the function, until its answer had come whole.</summary>
    public TimeSpan ExecutionDuration { get; init; }

    /// <summary>The container that ran it; null when it never began.</summary>
    public string? Handle { get; init; }

    /// <summary>What it wrote to stdout and stderr, at most <c>Functions:MaxLogBytes</c>; of a failed start, what the start wrote.</summary>
    public ReadOnlyMemory<byte> Log { get; init; }

    /// <summary>One point a second, at most 240; empty for calls that end sooner.</summary>
    public IReadOnlyList<StatsPoint> Stats { get; init; } = [];
}

/// <summary>What the container of a call used at a time.</summary>
public sealed record StatsPoint(DateTimeOffset Timestamp, IReadOnlyDictionary<string, ulong> Metrics);
