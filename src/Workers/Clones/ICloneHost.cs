using System.Threading.Channels;

namespace Orchestrator.Workers.Clones;

/// <summary>
/// The clones of one storage directory, each a Postgres that this process supervises. One process at a time holds the
/// directory. Every operation may be called again at any time, also by another process after this one was killed at any
/// line: it goes on where it stood, or finds that all is done. Two calls about one clone never run at once: a repeated call
/// joins the one that runs, a destroy ends the others. Cancelling a call's token ends the waiting only, not the work.
/// </summary>
public interface ICloneHost
{
    /// <summary>
    /// Takes the storage, waiting while another process holds it, removes what a crash left (processes, directories), and
    /// starts all clones that were there, several at a time. Returns when each of them runs or has failed.
    /// </summary>
    Task<StorageContents> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Changes that nobody asked for: a Postgres that died and came back, or that failed for good.</summary>
    ChannelReader<CloneReport> Changes { get; }

    /// <summary>Makes a clone; returns when its user can log in.</summary>
    /// <exception cref="CloneFailedException">It cannot be made; nothing of it is left.</exception>
    Task<CloneReport> CreateAsync(CloneSpec spec, CancellationToken cancellationToken);

    /// <summary>Gives a clone fresh data; port, user and verifier stay. Until the fresh data is there the old goes on running.</summary>
    /// <exception cref="CloneFailedException">The clone is as it was before, or gone, as the code says.</exception>
    Task<CloneReport> ResetAsync(CloneReset reset, CancellationToken cancellationToken);

    /// <summary>Ends the clone and frees its port and storage; returns when all is free. Does nothing when it is gone already.</summary>
    Task DestroyAsync(Guid cloneId, CancellationToken cancellationToken);

    /// <summary>All clones that are there.</summary>
    IReadOnlyList<CloneReport> List();

    /// <summary>Bytes that a clone takes beside its snapshot.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.CloneNotFound"/>.</exception>
    Task<long> MeasureAsync(Guid cloneId, CancellationToken cancellationToken);

    /// <summary>Signs of use; null when the clone does not answer now.</summary>
    Task<CloneActivity?> ReadActivityAsync(Guid cloneId, CancellationToken cancellationToken);

    /// <summary>The state of the storage and of what the host can do.</summary>
    Task<StorageReport> ReportAsync(CancellationToken cancellationToken);
}

/// <summary>What was found when the storage was opened.</summary>
/// <param name="StorageId">The storage directory's own id: it stays when the directory moves.</param>
/// <param name="Clones">Each runs or has failed; the caller destroys those that nobody knows.</param>
/// <param name="Snapshots">Those that can be cloned.</param>
public sealed record StorageContents(Guid StorageId, IReadOnlyList<CloneReport> Clones, IReadOnlyList<SnapshotReport> Snapshots);
