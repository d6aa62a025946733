namespace Orchestrator.Contracts.Calls;

/// <summary>
/// Command: end a call that is delayed, queued or running. A call that has ended stays as it is. Answered by
/// <see cref="CallCancelled"/>.
/// </summary>
[MessageName("orchestrator.calls.cancel-call")]
public sealed record CancelCall
{
    public required string FnId { get; init; }
    public required string CallId { get; init; }
}

/// <summary>Command: run a call that has ended again, as a new call that is linked to it.</summary>
[MessageName("orchestrator.calls.retry-call")]
public sealed record RetryCall
{
    public required string FnId { get; init; }
    public required string CallId { get; init; }

    /// <summary>The id that the new call gets: 26 characters. The same id is accepted once. Default: a new one.</summary>
    public string? NewCallId { get; init; }
}

/// <summary>Command among the workers: post the outcome of a call to where its caller wants it.</summary>
[MessageName("orchestrator.calls.deliver-callback")]
public sealed record DeliverCallback
{
    public required string CallId { get; init; }

    /// <summary>1 the first time.</summary>
    public required int Attempt { get; init; }
}
