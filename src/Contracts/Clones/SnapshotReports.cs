namespace Orchestrator.Contracts.Clones;

/// <summary>
/// Command to the host that keeps a snapshot, on that host's own queue: see what the snapshot's row asks for, and do it.
/// Published by the snapshot's saga.
/// </summary>
[MessageName("orchestrator.clones.work-on-snapshot")]
public sealed record WorkOnSnapshot
{
    public required Guid SnapshotKey { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>Event: a host has made a snapshot. Published by the host, consumed by the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-taken")]
public sealed record SnapshotTaken
{
    public required Guid SnapshotKey { get; init; }

    /// <summary>That of the <see cref="WorkOnSnapshot"/> that it answers; any other is ignored.</summary>
    public required int Attempt { get; init; }
    public required DateTimeOffset DataStateAt { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long PhysicalSize { get; init; }

    /// <summary>Bytes of all files.</summary>
    public required long LogicalSize { get; init; }
    public required int PostgresVersion { get; init; }
    public required IReadOnlyList<string> Databases { get; init; }
}

/// <summary>Event: a host could not make or keep a snapshot. Published by the host, consumed by the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-failed")]
public sealed record SnapshotFailed
{
    public required Guid SnapshotKey { get; init; }
    public required int Attempt { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: nothing of a snapshot is left on its host. Published by the host, consumed by the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-removed")]
public sealed record SnapshotRemoved
{
    public required Guid SnapshotKey { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>Event: a host could not remove a snapshot. Published by the host, consumed by the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-removal-failed")]
public sealed record SnapshotRemovalFailed
{
    public required Guid SnapshotKey { get; init; }
    public required int Attempt { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Timeout: a snapshot has been on its way for too long. Sent by a timer or the sweep to the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-deadline-passed")]
public sealed record SnapshotDeadlinePassed
{
    public required Guid SnapshotKey { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>Timeout: the lease of a protected snapshot may have run out. Sent by a timer to the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-lease-expired")]
public sealed record SnapshotLeaseExpired
{
    public required Guid SnapshotKey { get; init; }
    public required DateTimeOffset ProtectedTill { get; init; }
}

/// <summary>Timeout: a snapshot is to be deleted by itself. Sent by a timer to the snapshot's saga.</summary>
[MessageName("orchestrator.clones.snapshot-due")]
public sealed record SnapshotDue
{
    public required Guid SnapshotKey { get; init; }
    public required DateTimeOffset DeleteAt { get; init; }
}
