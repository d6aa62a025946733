namespace Orchestrator.Workers.Runtimes;

/// <summary>A started container. Disposing it kills it, waits until it is dead, and removes what it left.</summary>
public interface IContainer : IAsyncDisposable
{
    /// <summary><see cref="ContainerSpec.Id"/>.</summary>
    string Id { get; }

    /// <summary>Survives restarts of the worker: <c>pid:starttime</c> of a process, the container's id in docker.</summary>
    string Handle { get; }

    /// <summary>Completes when everything that the container ran is dead. Never faults.</summary>
    Task<ContainerExit> Exit { get; }

    /// <summary>The id of its first process, as this worker sees it; null when it has ended or cannot be seen from here.</summary>
    Task<int?> FindProcessAsync(CancellationToken cancellationToken);

    /// <summary>Sends a signal to the program, e.g. SIGTERM (15) before a grace time. Nothing happens when it has ended.</summary>
    Task SignalAsync(int signal, CancellationToken cancellationToken);

    /// <summary>Kills the whole group and returns when it is dead. Safe to call often, and at any time.</summary>
    Task KillAsync();

    /// <summary>Freezes it; it keeps its memory and its sockets.</summary>
    Task PauseAsync(CancellationToken cancellationToken);

    Task ResumeAsync(CancellationToken cancellationToken);

    /// <summary>What it uses now; null where the machine does not say.</summary>
    Task<ContainerStats?> ReadStatsAsync(CancellationToken cancellationToken);

    /// <summary>Returns when all that the program has written before has been handed to its <see cref="IOutputSink"/>.</summary>
    ValueTask DrainOutputAsync(CancellationToken cancellationToken);
}

/// <summary>How a container ended.</summary>
/// <param name="Code">The exit code of the program; null when a signal ended it, or when nobody knows.</param>
/// <param name="Signal">The signal that ended it.</param>
/// <param name="OutOfMemory">The kernel killed something in it because its memory was used up.</param>
public sealed record ContainerExit(int? Code, int? Signal, bool OutOfMemory)
{
    public override string ToString() => this switch
    {
        { OutOfMemory: true } => "out of memory",
        { Signal: { } signal } => $"signal {signal}",
        { Code: { } code } => $"exit code {code}",
        _ => "ended",
    };
}

/// <summary>What a container uses.</summary>
public sealed record ContainerStats
{
    /// <summary>Bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Bytes; 0 without a limit.</summary>
    public required long MemoryLimitBytes { get; init; }

    /// <summary>Processor time since it was started.</summary>
    public required TimeSpan Cpu { get; init; }

    public required TimeSpan CpuUser { get; init; }

    public required TimeSpan CpuKernel { get; init; }

    /// <summary>Bytes received; null where it is not known.</summary>
    public long? NetworkReceived { get; init; }

    /// <summary>Bytes sent; null where it is not known.</summary>
    public long? NetworkSent { get; init; }

    /// <summary>Bytes; null where it is not known.</summary>
    public long? DiskRead { get; init; }

    /// <summary>Bytes; null where it is not known.</summary>
    public long? DiskWritten { get; init; }
}

/// <summary>A container that was found, not started, by this worker.</summary>
/// <param name="Id"><see cref="ContainerSpec.Id"/>.</param>
/// <param name="Handle"><see cref="IContainer.Handle"/>.</param>
/// <param name="Owner">The <see cref="RuntimeIdentity.Owner"/> that started it.</param>
/// <param name="OwnerIsAlive">Whether that worker still runs on this machine.</param>
/// <param name="IsRunning">False when it has ended and was not removed.</param>
/// <param name="Labels"><see cref="ContainerSpec.Labels"/>.</param>
public sealed record FoundContainer(
    string Id, string Handle, string Owner, bool OwnerIsAlive, bool IsRunning, IReadOnlyDictionary<string, string> Labels);
