namespace Orchestrator.Workers.Clones;

/// <summary>The golden data directories of the storage that <see cref="ICloneHost"/> holds open. The same promises hold.</summary>
public interface ISnapshotHost
{
    /// <summary>
    /// Makes a snapshot; returns when it can be cloned. It can take as long as copying the source takes: a caller that
    /// does not want to wait that long cancels its wait and calls again later with the same id.
    /// </summary>
    /// <exception cref="CloneFailedException">It cannot be made; nothing of it is left.</exception>
    Task<SnapshotReport> TakeAsync(SnapshotSpec spec, CancellationToken cancellationToken);

    /// <summary>Removes a snapshot, or ends the taking of one; does nothing when it is gone already.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.SnapshotInUse"/>: it has clones.</exception>
    Task DestroyAsync(Guid snapshotId, CancellationToken cancellationToken);

    /// <summary>All snapshots that can be cloned.</summary>
    IReadOnlyList<SnapshotReport> List();
}

/// <summary>A snapshot to be taken; exactly one source.</summary>
public sealed record SnapshotSpec
{
    public required Guid SnapshotId { get; init; }

    /// <summary>A running server that this host can reach.</summary>
    public LiveSource? Live { get; init; }

    /// <summary>A dump below <c>Clones:DumpRoot</c>.</summary>
    public DumpSource? Dump { get; init; }

    /// <summary>A clone, as it is: it is stopped for the moment of the copy, and starts again.</summary>
    public Guid? CloneId { get; init; }
}

/// <summary>A server to take a base backup from; its user needs REPLICATION. Only these five go to libpq.</summary>
public sealed record LiveSource
{
    public required string Host { get; init; }

    public int Port { get; init; } = 5432;

    public required string User { get; init; }

    /// <summary>Never logged, stored or put on a command line.</summary>
    public required string Password { get; init; }

    /// <summary>Where sizes and tablespaces are looked up. Default: <c>postgres</c>.</summary>
    public string Database { get; init; } = "postgres";

    /// <summary>As libpq's: <c>disable</c>, <c>allow</c>, <c>prefer</c>, <c>require</c>, <c>verify-ca</c>, <c>verify-full</c>.</summary>
    public string SslMode { get; init; } = "prefer";

    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>A dump of pg_dump in any format, or SQL, plain or gzipped.</summary>
/// <param name="Path">Below <c>Clones:DumpRoot</c>, without links that lead out of it.</param>
/// <param name="Database">The database that is created for it.</param>
public sealed record DumpSource(string Path, string Database);

/// <summary>A snapshot that can be cloned.</summary>
public sealed record SnapshotReport
{
    public required Guid SnapshotId { get; init; }

    /// <summary>The state of the source that it holds.</summary>
    public required DateTimeOffset DataStateAt { get; init; }

    /// <summary>Bytes that it takes on disk.</summary>
    public required long PhysicalSize { get; init; }

    /// <summary>Bytes of all files, as a full copy would take.</summary>
    public required long LogicalSize { get; init; }

    /// <summary>The major version of Postgres.</summary>
    public required int PostgresVersion { get; init; }

    /// <summary>Its databases, without templates.</summary>
    public required IReadOnlyList<string> Databases { get; init; }
}
