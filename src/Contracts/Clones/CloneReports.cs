namespace Orchestrator.Contracts.Clones;

/// <summary>
/// Command to the host that keeps a clone, on that host's own queue: see what the clone's row asks for, and do it.
/// Published by the clone's saga.
/// </summary>
[MessageName("orchestrator.clones.work-on-clone")]
public sealed record WorkOnClone
{
    public required Guid CloneId { get; init; }

    /// <summary>Which of the clone's works it is; a later one replaces an earlier one that still runs.</summary>
    public required int Attempt { get; init; }
}

/// <summary>Event: a host has made or remade a clone. Published by the host, consumed by the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-built")]
public sealed record CloneBuilt
{
    public required Guid CloneId { get; init; }

    /// <summary>That of the <see cref="WorkOnClone"/> that it answers; any other is ignored.</summary>
    public required int Attempt { get; init; }
    public required string Host { get; init; }
    public required int Port { get; init; }

    /// <summary>The database to connect to.</summary>
    public required string DbName { get; init; }
    public required DateTimeOffset ReadyAt { get; init; }
}

/// <summary>
/// Event: a host could not make, remake or keep a clone, and has freed what there was of it. Published by the host,
/// consumed by the clone's saga.
/// </summary>
[MessageName("orchestrator.clones.clone-build-failed")]
public sealed record CloneBuildFailed
{
    public required Guid CloneId { get; init; }
    public required int Attempt { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: nothing of a clone is left on its host. Published by the host, consumed by the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-removed")]
public sealed record CloneRemoved
{
    public required Guid CloneId { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>Event: a host could not free a clone. Published by the host, consumed by the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-removal-failed")]
public sealed record CloneRemovalFailed
{
    public required Guid CloneId { get; init; }
    public required int Attempt { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: the host of a clone has been away for too long. Published by a duty, consumed by the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-host-lost")]
public sealed record CloneHostLost
{
    public required Guid CloneId { get; init; }
    public required int Attempt { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Timeout: a clone has been on its way for too long. Sent by a timer or the sweep to the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-deadline-passed")]
public sealed record CloneDeadlinePassed
{
    public required Guid CloneId { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>Timeout: the lease of a protected clone may have run out. Sent by a timer to the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-lease-expired")]
public sealed record CloneLeaseExpired
{
    public required Guid CloneId { get; init; }

    /// <summary>When the lease ended; one that was renewed meanwhile ends later.</summary>
    public required DateTimeOffset ProtectedTill { get; init; }
}

/// <summary>Timeout: a clone is to be deleted by itself. Sent by a timer to the clone's saga.</summary>
[MessageName("orchestrator.clones.clone-due")]
public sealed record CloneDue
{
    public required Guid CloneId { get; init; }

    /// <summary>The time that was set; another one may have been set meanwhile.</summary>
    public required DateTimeOffset DeleteAt { get; init; }
}
