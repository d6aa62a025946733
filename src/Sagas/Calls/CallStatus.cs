namespace Orchestrator.Sagas.Calls;

/// <summary>
/// The states of a call and what each becomes (seed: the diagram above <c>Status</c>). A retry makes a new call; the one
/// that it repeats stays as it is. The database refuses every other transition.
/// </summary>
public static class CallStatus
{
    /// <summary>Waits for its delay to pass.</summary>
    public const string Delayed = "delayed";

    /// <summary>Ready to be started when its turn comes.</summary>
    public const string Queued = "queued";

    /// <summary>A function works on it.</summary>
    public const string Running = "running";

    /// <summary>The function has answered.</summary>
    public const string Success = "success";

    /// <summary>Something went wrong; <c>reason</c> and <c>error</c> say what.</summary>
    public const string Error = "error";

    /// <summary>Cancelled by a client.</summary>
    public const string Cancelled = "cancelled";

    public static readonly IReadOnlyList<string> All = [Delayed, Queued, Running, Success, Error, Cancelled];

    /// <summary>From, to, and what does it.</summary>
    public static readonly IReadOnlyList<(string From, string To, string By)> Transitions =
    [
        (Delayed, Queued, "delay passed"),
        (Delayed, Cancelled, "cancel"),
        (Queued, Running, "start"),
        (Queued, Cancelled, "cancel"),
        (Running, Success, "answer"),
        (Running, Error, "failure, timeout, death"),
        (Running, Cancelled, "cancel"),
    ];

    public static bool IsTerminal(string status) => status is Success or Error or Cancelled;

    public static bool CanBecome(string from, string to) =>
        Transitions.Any(transition => transition.From == from && transition.To == to);
}

/// <summary>Why a call ended in an error or was cancelled.</summary>
public static class CallReason
{
    /// <summary>It ran longer than its timeout.</summary>
    public const string Timeout = "timeout";

    /// <summary>Ended by force: out of memory, or its worker died.</summary>
    public const string Killed = "killed";

    /// <summary>The function failed or broke off.</summary>
    public const string BadExit = "bad_exit";

    /// <summary>Cancelled by a client.</summary>
    public const string ClientRequest = "client_request";

    /// <summary>It never ran: there was no container for it.</summary>
    public const string StartFailed = "start_failed";
}

/// <summary>How a caller waits for a call.</summary>
public static class CallType
{
    /// <summary>For the function's answer.</summary>
    public const string Sync = "sync";

    /// <summary>Until execution has begun.</summary>
    public const string Detached = "detached";

    /// <summary>Until the call is stored.</summary>
    public const string Async = "async";
}
