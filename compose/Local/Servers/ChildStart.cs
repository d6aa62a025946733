namespace Orchestrator.Local.Servers;

/// <summary>What to start as a <see cref="ChildProcess"/>.</summary>
public sealed record ChildStart
{
    /// <summary>The absolute path of the program.</summary>
    public required string FileName { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The whole environment: nothing is inherited. See <see cref="CleanEnvironment"/>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = CleanEnvironment.Create();

    /// <summary>Where stdout and stderr are appended.</summary>
    public required string LogFile { get; init; }

    /// <summary>Default: the root directory.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>Whom it runs as; null is the current user.</summary>
    public SystemUser? User { get; init; }

    /// <summary>What the kernel sends to the child when the launcher dies, however it dies. Default: <see cref="Signal.Kill"/>.</summary>
    public Signal OnLauncherDeath { get; init; } = Signal.Kill;
}
