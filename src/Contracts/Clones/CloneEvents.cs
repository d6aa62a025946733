namespace Orchestrator.Contracts.Clones;

/// <summary>Event: a clone takes connections.</summary>
[MessageName("orchestrator.clones.clone-created")]
public sealed record CloneCreated
{
    public required string Id { get; init; }
    public required string SnapshotId { get; init; }
    public required string Host { get; init; }
    public required int Port { get; init; }
    public required string Username { get; init; }
    public required string DbName { get; init; }

    /// <summary>From the request to the first connection.</summary>
    public required TimeSpan CloningTime { get; init; }
}

/// <summary>Event: a clone could not be made. It stays visible as FATAL; nothing of it is left on disk.</summary>
[MessageName("orchestrator.clones.clone-creation-failed")]
public sealed record CloneCreationFailed
{
    public required string Id { get; init; }

    /// <summary>Stable and upper case, such as <c>NOT_ENOUGH_DISK_SPACE</c>.</summary>
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: a clone is as its snapshot again and takes connections.</summary>
[MessageName("orchestrator.clones.clone-reset")]
public sealed record CloneReset
{
    public required string Id { get; init; }
    public required string SnapshotId { get; init; }
}

/// <summary>Event: a clone could not be reset, and is FATAL.</summary>
[MessageName("orchestrator.clones.clone-reset-failed")]
public sealed record CloneResetFailed
{
    public required string Id { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: a clone is gone, and its storage and port are free.</summary>
[MessageName("orchestrator.clones.clone-deleted")]
public sealed record CloneDeleted
{
    public required string Id { get; init; }
    public required string SnapshotId { get; init; }
    public string? Reason { get; init; }
}

/// <summary>Event: a clone could not be deleted, and is FATAL. Deleting it may be tried again.</summary>
[MessageName("orchestrator.clones.clone-deletion-failed")]
public sealed record CloneDeletionFailed
{
    public required string Id { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: a clone that was ready no longer works.</summary>
[MessageName("orchestrator.clones.clone-lost")]
public sealed record CloneLost
{
    public required string Id { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: a clone that was lost works again.</summary>
[MessageName("orchestrator.clones.clone-recovered")]
public sealed record CloneRecovered
{
    public required string Id { get; init; }
}

/// <summary>Event: what is kept about a clone was changed.</summary>
[MessageName("orchestrator.clones.clone-updated")]
public sealed record CloneUpdated
{
    public required string Id { get; init; }
    public required bool IsProtected { get; init; }
    public DateTimeOffset? ProtectedTill { get; init; }
    public DateTimeOffset? DeleteAt { get; init; }
}

/// <summary>Event: the lease of a protected clone ran out; it may be deleted now.</summary>
[MessageName("orchestrator.clones.clone-protection-expired")]
public sealed record CloneProtectionExpired
{
    public required string Id { get; init; }
}

/// <summary>Event: a command about a clone was not carried out.</summary>
[MessageName("orchestrator.clones.clone-refused")]
public sealed record CloneRefused
{
    public required string Id { get; init; }

    /// <summary>Stable and upper case, such as <c>CLONE_PROTECTED</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The same in words.</summary>
    public required string Detail { get; init; }
}
