namespace Orchestrator.Contracts.Calls;

/// <summary>Event: a function has answered a call that was accepted before. Read the call for its result.</summary>
[MessageName("orchestrator.calls.call-succeeded")]
public sealed record CallSucceeded
{
    public required string CallId { get; init; }
    public required string FnId { get; init; }
    public required string AppId { get; init; }
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>1, or one more than that of the call that this one repeats.</summary>
    public required int Attempt { get; init; }

    /// <summary>Time inside the function, in milliseconds.</summary>
    public required double ExecutionMilliseconds { get; init; }
}

/// <summary>Event: a call ended in an error.</summary>
[MessageName("orchestrator.calls.call-failed")]
public sealed record CallFailed
{
    public required string CallId { get; init; }
    public required string FnId { get; init; }
    public required string AppId { get; init; }
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>1, or one more than that of the call that this one repeats.</summary>
    public required int Attempt { get; init; }

    /// <summary><c>timeout</c>, <c>killed</c>, <c>bad_exit</c> or <c>start_failed</c>.</summary>
    public required string Reason { get; init; }

    public required string Error { get; init; }

    /// <summary>The call that repeats it, if any.</summary>
    public string? RetryAt { get; init; }
}

/// <summary>Event: a call was cancelled.</summary>
[MessageName("orchestrator.calls.call-cancelled")]
public sealed record CallCancelled
{
    public required string CallId { get; init; }
    public required string FnId { get; init; }
    public required string AppId { get; init; }
    public required DateTimeOffset CompletedAt { get; init; }
}
