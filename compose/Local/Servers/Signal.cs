namespace Orchestrator.Local.Servers;

/// <summary>The POSIX signals that the launcher sends; the values are Linux's signal numbers.</summary>
public enum Signal
{
    /// <summary>Ctrl-C; Postgres' fast shutdown.</summary>
    Interrupt = 2,

    /// <summary>Postgres' immediate shutdown: no checkpoint, recovery at the next start.</summary>
    Quit = 3,

    /// <summary>Certain death: <c>kill -9</c>.</summary>
    Kill = 9,

    /// <summary>The polite request to leave.</summary>
    Terminate = 15,

    /// <summary>Lets a stopped process go on.</summary>
    Continue = 18,

    /// <summary>Freezes a process: it keeps its sockets and answers nothing.</summary>
    Stop = 19,
}
