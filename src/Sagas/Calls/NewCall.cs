namespace Orchestrator.Sagas.Calls;

/// <summary>A call to be stored: accepted, or begun.</summary>
public sealed record NewCall
{
    public required string Id { get; init; }
    public required string FnId { get; init; }

    /// <summary>Row of what the fn is now.</summary>
    public required long SpecId { get; init; }

    public required string Type { get; init; }

    /// <summary>0 to 2.</summary>
    public short Priority { get; init; }

    /// <summary>Seconds until it is queued.</summary>
    public int Delay { get; init; }

    public short MaxRetries { get; init; }

    /// <summary>Seconds.</summary>
    public int RetryDelay { get; init; }

    public string TriggerId { get; init; } = "";
    public string Url { get; init; } = "";
    public string Method { get; init; } = "";

    /// <summary>What the function gets: names and values as JSON, see <see cref="CallHeaders"/>.</summary>
    public string Headers { get; init; } = "{}";

    /// <summary>Null where it is not kept.</summary>
    public byte[]? Payload { get; init; }

    public string? CallbackUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public string? TraceId { get; init; }

    /// <summary>W3C's <c>traceparent</c> of what caused it.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The token or publisher that caused it.</summary>
    public string Actor { get; init; } = "";

    /// <summary>The state that it begins in.</summary>
    public string FirstStatus => Type is CallType.Detached ? CallStatus.Running : Delay > 0 ? CallStatus.Delayed : CallStatus.Queued;
}

/// <summary>How a call ended.</summary>
public sealed record CallEnd
{
    public required string Id { get; init; }
    public required string Status { get; init; }
    public string? Reason { get; init; }
    public string? Error { get; init; }

    /// <summary>Nanoseconds inside the function.</summary>
    public long? ExecutionDuration { get; init; }

    public short? ResultStatus { get; init; }
    public string? ResultHeaders { get; init; }
    public byte[]? Result { get; init; }

    /// <summary>JSON, see the seed's <c>Stats</c>.</summary>
    public string? Stats { get; init; }

    public byte[] Log { get; init; } = [];

    /// <summary>The worker that ran it.</summary>
    public required int Worker { get; init; }

    /// <summary>Only a call that is in this container still is ended; null: in any.</summary>
    public string? Container { get; init; }

    /// <summary>The worker took the call and never began it: it is run again, whatever its retries are.</summary>
    public bool IsUnbegun { get; init; }
}

/// <summary>A call that was given to a worker, with all that its execution needs.</summary>
public sealed record ClaimedCall
{
    public required string Id { get; init; }
    public required long SpecId { get; init; }

    /// <summary>The container that it was given to.</summary>
    public required string Container { get; init; }

    public required string Headers { get; init; }
    public required byte[] Payload { get; init; }
    public string? TraceParent { get; init; }
    public string? TraceId { get; init; }
    public required string Actor { get; init; }

    /// <summary>From queued to started.</summary>
    public required TimeSpan Waited { get; init; }
}

/// <summary>What waits of one spec.</summary>
/// <param name="SpecId">Row of the spec.</param>
/// <param name="Ranks">Of its first calls, up to <see cref="CallTable.BacklogLimit"/>; the lowest starts next.</param>
/// <param name="Waiting">How long the first one has waited.</param>
public sealed record Backlog(long SpecId, long[] Ranks, TimeSpan Waiting);

/// <summary>A call that is stored when it begins, or when it has ended: nobody waits in the table for it.</summary>
/// <param name="Call">What was to be done.</param>
/// <param name="StartedAt">When execution began, if it did.</param>
/// <param name="CompletedAt">When it ended, if it has.</param>
/// <param name="End">How it ended, if it has.</param>
/// <param name="Worker">Where it runs.</param>
/// <param name="Container">What it runs in.</param>
public sealed record StartedCall(NewCall Call, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt, CallEnd? End, int? Worker, string? Container);
