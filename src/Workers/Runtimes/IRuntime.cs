namespace Orchestrator.Workers.Runtimes;

/// <summary>Starts programs, each with a file system, limits and a network of its own: functions and instances.</summary>
public interface IRuntime
{
    /// <summary><c>process</c> or <c>docker</c>.</summary>
    string Name { get; }

    /// <summary>Whether <see cref="IContainer.PauseAsync"/> does anything.</summary>
    bool CanPause { get; }

    /// <summary>Whether its containers live on when the worker dies, so that the next one can adopt them.</summary>
    bool OutlivesWorker { get; }

    /// <summary>What it cannot enforce on this machine, one sentence each; empty where all is well. <c>/health/ready</c> shows it.</summary>
    IReadOnlyList<string> Shortcomings { get; }

    /// <summary>Where the container sees a mounted directory: at the mount's target, or at its source where nothing can be mounted.</summary>
    string PathInside(ContainerMount mount);

    /// <summary>Makes sure that an image can be started.</summary>
    /// <exception cref="ImageException">It is not there, not allowed or broken.</exception>
    Task CheckImageAsync(string image, CancellationToken cancellationToken);

    /// <summary>Starts a container; returns as soon as its program runs.</summary>
    /// <exception cref="ImageException">The image is not there, not allowed or broken.</exception>
    /// <exception cref="ContainerStartException">The machine could not start it.</exception>
    Task<IContainer> StartAsync(ContainerSpec spec, CancellationToken cancellationToken);

    /// <summary>What runs (or ended and was not removed) for a purpose, whichever worker started it; to adopt or reap after a restart.</summary>
    Task<IReadOnlyList<FoundContainer>> ListAsync(string purpose, CancellationToken cancellationToken);

    /// <summary>Takes over a container that a former worker started, also one that has ended meanwhile; null when it is gone, or never ran.</summary>
    Task<IContainer?> AdoptAsync(string handle, IOutputSink output, CancellationToken cancellationToken);

    /// <summary>
    /// Kills whatever runs under a handle of this machine and returns when all of it is dead. Nothing happens when it is
    /// dead already, or when the handle's process is not one that this runtime started.
    /// </summary>
    Task EnsureDeadAsync(string handle, CancellationToken cancellationToken);

    /// <summary>
    /// Kills and removes all containers of a purpose whose worker is dead. Called at start, and again when another
    /// worker of this machine is known to have died.
    /// </summary>
    Task ReapAsync(string purpose, CancellationToken cancellationToken);
}
