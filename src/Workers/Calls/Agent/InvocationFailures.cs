namespace Orchestrator.Workers.Calls.Agent;

/// <summary>The original's status table (§2.4), and the <c>reason</c> that a call's row gets.</summary>
public static class InvocationFailures
{
    public const string TooBusyMessage = "Timed out - server too busy";

    /// <summary>Whether the function may have seen the call.</summary>
    public static bool HasRun(this InvocationFailure failure) => failure is not (
        InvocationFailure.TooBusy or InvocationFailure.ExceedsMachine or InvocationFailure.Image or InvocationFailure.StartFailed
        or InvocationFailure.StartTimedOut or InvocationFailure.Refused);

    /// <summary>The status for the caller of <c>/invoke</c>. A failed image has its own: <see cref="InvocationOutcome.Status"/>.</summary>
    public static int Status(this InvocationFailure failure) => failure switch
    {
        InvocationFailure.ExceedsMachine => 400,
        InvocationFailure.Image => 404,
        InvocationFailure.Refused => 409,
        InvocationFailure.Cancelled => 444,
        InvocationFailure.TooBusy or InvocationFailure.Fenced => 503,
        InvocationFailure.StartTimedOut or InvocationFailure.TimedOut or InvocationFailure.FunctionTimedOut => 504,
        _ => 502,
    };

    /// <summary>The text for the caller, word for word as the original's.</summary>
    public static string Message(this InvocationFailure failure) => failure switch
    {
        InvocationFailure.ExceedsMachine => "Requested CPU/Memory cannot be allocated",
        InvocationFailure.Image => "Failed to pull image",
        InvocationFailure.Refused => "Call was cancelled before it began",
        InvocationFailure.Cancelled => "Call was cancelled",
        InvocationFailure.TooBusy or InvocationFailure.Fenced => TooBusyMessage,
        InvocationFailure.StartFailed => "Container failed to initialize, please ensure you are using the latest fdk and check the logs",
        InvocationFailure.StartTimedOut => "Container initialization timed out, please ensure you are using the latest fdk and check the logs",
        InvocationFailure.TimedOut or InvocationFailure.FunctionTimedOut => "Timed out",
        InvocationFailure.FunctionFailed => "function failed",
        InvocationFailure.InvalidResponse => "invalid function response",
        InvocationFailure.ResponseTooLarge => "function response body too large",
        InvocationFailure.ResponseHeaderTooLarge => "function response header too large",
        _ => "error receiving function response",
    };

    /// <summary><c>timeout</c>, <c>killed</c>, <c>bad_exit</c>, <c>client_request</c> or <c>start_failed</c>.</summary>
    public static string Reason(this InvocationFailure failure) => failure switch
    {
        InvocationFailure.TimedOut or InvocationFailure.FunctionTimedOut => "timeout",
        InvocationFailure.OutOfMemory or InvocationFailure.Killed or InvocationFailure.Fenced => "killed",
        InvocationFailure.Cancelled or InvocationFailure.Refused => "client_request",
        InvocationFailure.TooBusy or InvocationFailure.ExceedsMachine or InvocationFailure.Image
            or InvocationFailure.StartFailed or InvocationFailure.StartTimedOut => "start_failed",
        _ => "bad_exit",
    };
}
