namespace Orchestrator.Workers.Calls.Agent;

/// <summary>Why a call did not succeed. <see cref="InvocationFailures"/> has the status, message and reason of each.</summary>
public enum InvocationFailure
{
    /// <summary>No slot within the placement budget. It never ran.</summary>
    TooBusy,

    /// <summary>It asks for more memory or processors than the machine has. It never ran.</summary>
    ExceedsMachine,

    /// <summary>The image is missing, refused or broken. It never ran.</summary>
    Image,

    /// <summary>The container ended, or made a bad socket, before it could take calls. It never ran.</summary>
    StartFailed,

    /// <summary>The container made no socket in time. It never ran.</summary>
    StartTimedOut,

    /// <summary><see cref="Invocation.OnStart"/> said no. It never ran.</summary>
    Refused,

    /// <summary>The caller gave up, before or while it ran.</summary>
    Cancelled,

    /// <summary>It ran longer than its timeout, and was killed.</summary>
    TimedOut,

    /// <summary>The FDK answered 504.</summary>
    FunctionTimedOut,

    /// <summary>The FDK answered 502: the function's code failed.</summary>
    FunctionFailed,

    /// <summary>The kernel killed it: its memory was used up.</summary>
    OutOfMemory,

    /// <summary>A signal ended it while it ran.</summary>
    Killed,

    /// <summary>It exited while it ran, or broke the connection.</summary>
    BadExit,

    /// <summary>Its answer was no answer of an FDK.</summary>
    InvalidResponse,

    /// <summary>Its answer is larger than <c>Functions:MaxResponseBytes</c>.</summary>
    ResponseTooLarge,

    /// <summary>The header of its answer is larger than <c>Functions:MaxResponseHeaderBytes</c>.</summary>
    ResponseHeaderTooLarge,

    /// <summary>The worker stops, or lost its lease. If it ran, its container is dead.</summary>
    Fenced,
}
