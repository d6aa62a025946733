namespace Orchestrator.Workers.Runtimes;

/// <summary>What to start, and within which bounds.</summary>
public sealed record ContainerSpec
{
    /// <summary>Unique; 1 to 48 lower-case letters, digits and dashes. Names the cgroup and the container.</summary>
    public required string Id { get; init; }

    /// <summary>Who wants it: <see cref="ContainerPurposes"/>.</summary>
    public required string Purpose { get; init; }

    /// <summary>
    /// What to run: a folder <c>name:tag</c> below <c>Functions:Root</c>, or a docker image. Null, where only the process
    /// runtime can start it: the programs of this machine.
    /// </summary>
    public string? Image { get; init; }

    /// <summary>Program and arguments; empty means the image's own.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>All variables besides PATH, HOME and LANG, which may be overridden; nothing of the worker's is inherited.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Memory, page cache and <c>/tmp</c> together; 0 means no limit.</summary>
    public int MemoryMiB { get; init; }

    /// <summary>Thousandths of a processor; 0 means no limit.</summary>
    public int MilliCpus { get; init; }

    /// <summary>Processes and threads at once. Default 50, as upstream; runtimes with many threads need more.</summary>
    public int MaxProcesses { get; init; } = 50;

    /// <summary>Open files of one process. Default 350, as upstream.</summary>
    public int MaxOpenFiles { get; init; } = 350;

    /// <summary>Size of <c>/tmp</c>; 0 means the runtime's default.</summary>
    public int TmpfsMiB { get; init; }

    /// <summary>Default: a network of its own, with nothing in it but loopback.</summary>
    public ContainerNetwork Network { get; init; }

    /// <summary>Directories of this machine that it sees.</summary>
    public IReadOnlyList<ContainerMount> Mounts { get; init; } = [];

    /// <summary>Where it starts; null means the image's directory.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Found again by <see cref="IRuntime.ListAsync"/>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where its stdout and stderr go.</summary>
    public IOutputSink Output { get; init; } = DiscardedOutput.Instance;
}

/// <summary>The values of <see cref="ContainerSpec.Purpose"/>.</summary>
public static class ContainerPurposes
{
    public const string Function = "function";

    public const string Instance = "instance";
}

/// <summary>What a container reaches.</summary>
public enum ContainerNetwork
{
    /// <summary>A loopback of its own and nothing else.</summary>
    None,

    /// <summary>All that the machine reaches.</summary>
    Host,
}

/// <summary>A directory of the machine at a place in the container.</summary>
public sealed record ContainerMount
{
    /// <summary>Absolute. A writable one is given to the container's user.</summary>
    public required string Source { get; init; }

    /// <summary>Absolute.</summary>
    public required string Target { get; init; }

    public bool Writable { get; init; }
}

/// <summary>Takes what a container writes. Called by one thread at a time; must be quick and never throw.</summary>
public interface IOutputSink
{
    void Write(OutputStream stream, ReadOnlySpan<byte> bytes);
}

/// <summary>Where a container wrote to.</summary>
public enum OutputStream
{
    Stdout,
    Stderr,
}

/// <summary>Forgets what is written.</summary>
public sealed class DiscardedOutput : IOutputSink
{
    public static DiscardedOutput Instance { get; } = new();

    public void Write(OutputStream stream, ReadOnlySpan<byte> bytes)
    {
    }
}
