namespace Orchestrator.Contracts.Clones;

/// <summary>
/// Command: make a clone of a snapshot. Answered by <see cref="CloneCreated"/> or <see cref="CloneCreationFailed"/>, or
/// by <see cref="CloneRefused"/> when it is not begun at all: the id is in use, there is no such snapshot, no disk
/// space, no free port.
/// </summary>
[MessageName("orchestrator.clones.create-clone")]
public sealed record CreateClone
{
    /// <summary>
    /// Unique among the clones that exist: a letter or digit, then letters, digits, <c>_</c>, <c>.</c> and <c>-</c>, at
    /// most 48 characters.
    /// </summary>
    public required string Id { get; init; }

    /// <summary>Id of a snapshot, or a time (RFC 3339): then the newest snapshot not later. Default: the newest.</summary>
    public string? Snapshot { get; init; }

    /// <summary>The role that is made for whoever asked. 1 to 63 bytes.</summary>
    public required string Username { get; init; }

    /// <summary>
    /// Its password as Postgres keeps it: <c>SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey</c>. The password
    /// itself never travels.
    /// </summary>
    public required string Verifier { get; init; }

    /// <summary>The database to connect to. Default: the one that the snapshot was made for.</summary>
    public string? DbName { get; init; }

    /// <summary>True: the role is no superuser, but owns the databases. Default: false, a superuser.</summary>
    public bool IsRestricted { get; init; }

    /// <summary>Settings of Postgres, from the list that is allowed. Default: none.</summary>
    public IReadOnlyDictionary<string, string>? ExtraConf { get; init; }

    /// <summary>A label of the asker's. Default: none.</summary>
    public string? Name { get; init; }

    /// <summary>A label of the asker's. Default: none.</summary>
    public string? Project { get; init; }

    /// <summary>Who asked, in the asker's words. Default: the publisher.</summary>
    public string? Owner { get; init; }

    /// <summary>True: it is not deleted until that ends. Default: false.</summary>
    public bool IsProtected { get; init; }

    /// <summary>How long it stays protected; 0 means for as long as is allowed. Default: the configured lease.</summary>
    public int? ProtectionDurationMinutes { get; init; }

    /// <summary>When it is deleted by itself. Default: never.</summary>
    public DateTimeOffset? DeleteAt { get; init; }
}

/// <summary>
/// Command: change what is kept about a clone; members that are absent stay as they are. Answered by
/// <see cref="CloneUpdated"/>, or <see cref="CloneRefused"/>.
/// </summary>
[MessageName("orchestrator.clones.update-clone")]
public sealed record UpdateClone
{
    public required string Id { get; init; }

    /// <summary>True protects it, or begins its lease anew; false ends its protection.</summary>
    public bool? IsProtected { get; init; }

    /// <summary>Length of the lease from now; protects it too. 0 means for as long as is allowed.</summary>
    public int? ProtectionDurationMinutes { get; init; }

    public DateTimeOffset? DeleteAt { get; init; }

    /// <summary>True: it is no longer deleted by itself. Default: false.</summary>
    public bool NoDeleteAt { get; init; }

    public string? Name { get; init; }

    public string? Project { get; init; }
}

/// <summary>
/// Command: throw away what was written to a clone and begin anew from its snapshot or another one; port, role and
/// password stay. Answered by <see cref="CloneReset"/> or <see cref="CloneResetFailed"/>, or by
/// <see cref="CloneRefused"/> when the clone is not ready.
/// </summary>
[MessageName("orchestrator.clones.reset-clone")]
public sealed record ResetClone
{
    public required string Id { get; init; }

    /// <summary>The snapshot to begin from. Default: that of the clone.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>True: begin from the newest snapshot. Default: false.</summary>
    public bool IsLatest { get; init; }
}

/// <summary>
/// Command: delete a clone, or stop making it. Answered by <see cref="CloneDeleted"/> or
/// <see cref="CloneDeletionFailed"/>, or by <see cref="CloneRefused"/> when it is protected. Nothing happens when it is
/// being deleted already.
/// </summary>
[MessageName("orchestrator.clones.delete-clone")]
public sealed record DeleteClone
{
    public required string Id { get; init; }

    /// <summary>Why, for its timeline. Default: none.</summary>
    public string? Reason { get; init; }
}
