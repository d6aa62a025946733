namespace Orchestrator.Workers.Clones.Storage;

/// <summary>
/// How a file system makes a data directory of one's own from a golden one. Every path is absolute, lies on one file
/// system, and belongs to the caller alone; a provider keeps no state of its own.
/// </summary>
public interface ICloneProvider
{
    /// <summary>Kept with each clone, shown in <c>/status</c>: <c>overlay</c>, <c>btrfs</c>, <c>reflink</c>, <c>copy</c>.</summary>
    string Name { get; }

    /// <summary>Whether a clone takes only the space of what differs from its snapshot.</summary>
    bool IsThin { get; }

    /// <summary>Tries on the spot what it needs, in a scratch directory below <paramref name="directory"/> that it removes again.</summary>
    /// <returns>Null when it can work there, else the reason why not.</returns>
    Task<string?> ProbeAsync(string directory, CancellationToken cancellationToken);

    /// <summary>Makes an empty directory in which a golden image can be prepared.</summary>
    Task CreateEmptyAsync(string directory, CancellationToken cancellationToken);

    /// <summary>
    /// Makes <paramref name="target"/>, which must not exist, a writable twin of the golden directory
    /// <paramref name="golden"/>. The twin survives a power cut once this returns.
    /// </summary>
    /// <exception cref="IOException">It failed; what was made so far is for <see cref="DestroyAsync"/>.</exception>
    Task CloneAsync(string golden, string target, CancellationToken cancellationToken);

    /// <summary>
    /// Makes <paramref name="target"/>, which must not exist, a directory of its own with all that a stopped clone holds,
    /// so that a golden image can be made of it.
    /// </summary>
    Task FlattenAsync(string golden, string clone, string target, CancellationToken cancellationToken);

    /// <summary>Makes a golden directory immutable; it is called once, when all is written.</summary>
    Task FreezeAsync(string golden, CancellationToken cancellationToken);

    /// <summary>What a process of the clone must mount, in a mount namespace of its own, to see its data.</summary>
    /// <returns>Null when <paramref name="clone"/> is the data directory itself.</returns>
    CloneMount? MountOf(string golden, string clone);

    /// <summary>Where files that were written after cloning are found from outside, such as postmaster.pid.</summary>
    string OwnFilesOf(string clone);

    /// <summary>Bytes that the clone takes beside its snapshot.</summary>
    Task<long> MeasureAsync(string golden, string clone, CancellationToken cancellationToken);

    /// <summary>Removes a clone's or a golden directory; does nothing when it is gone.</summary>
    Task DestroyAsync(string directory, CancellationToken cancellationToken);
}
