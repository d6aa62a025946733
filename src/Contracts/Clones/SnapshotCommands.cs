namespace Orchestrator.Contracts.Clones;

/// <summary>
/// Command: make a snapshot, of a source that is configured, a dump or a clone. Answered by
/// <see cref="SnapshotCreated"/> or <see cref="SnapshotCreationFailed"/>, or by <see cref="SnapshotRefused"/> when it is
/// not begun. A source with a password is named in the configuration or comes by HTTP: no password travels in a message.
/// </summary>
[MessageName("orchestrator.clones.create-snapshot")]
public sealed record CreateSnapshot
{
    /// <summary>Unique; as the id of a clone, with <c>@</c> too, at most 80 characters. Default: made of the time.</summary>
    public string? Id { get; init; }

    /// <summary>Name of a live server in <c>Clones:Sources</c>. Exactly one of this, <see cref="Dump"/> and <see cref="CloneId"/>.</summary>
    public string? Source { get; init; }

    /// <summary>A dump below <c>Clones:DumpRoot</c>.</summary>
    public string? Dump { get; init; }

    /// <summary>The database that a dump is restored into. Default: <c>postgres</c>.</summary>
    public string? DumpDatabase { get; init; }

    /// <summary>The clone to save as it is.</summary>
    public string? CloneId { get; init; }

    /// <summary>What it is, in the asker's words.</summary>
    public string? Message { get; init; }
}

/// <summary>
/// Command: change what is kept about a snapshot; members that are absent stay as they are. Answered by
/// <see cref="SnapshotUpdated"/>, or <see cref="SnapshotRefused"/>.
/// </summary>
[MessageName("orchestrator.clones.update-snapshot")]
public sealed record UpdateSnapshot
{
    public required string Id { get; init; }

    /// <inheritdoc cref="UpdateClone.IsProtected"/>
    public bool? IsProtected { get; init; }

    /// <inheritdoc cref="UpdateClone.ProtectionDurationMinutes"/>
    public int? ProtectionDurationMinutes { get; init; }

    public DateTimeOffset? DeleteAt { get; init; }

    /// <inheritdoc cref="UpdateClone.NoDeleteAt"/>
    public bool NoDeleteAt { get; init; }
}

/// <summary>
/// Command: delete a snapshot, or stop making it. Answered by <see cref="SnapshotDeleted"/>, or by
/// <see cref="SnapshotRefused"/> when it or a clone of it is protected, or when it has clones and is not forced.
/// </summary>
[MessageName("orchestrator.clones.delete-snapshot")]
public sealed record DeleteSnapshot
{
    public required string Id { get; init; }

    /// <summary>True: its clones are deleted first. Default: false.</summary>
    public bool IsForced { get; init; }

    /// <inheritdoc cref="DeleteClone.Reason"/>
    public string? Reason { get; init; }
}

/// <summary>
/// Command: make a new snapshot of a configured source, unless one is being made. Answered as
/// <see cref="CreateSnapshot"/>. The schedule of a source sends it.
/// </summary>
[MessageName("orchestrator.clones.refresh-snapshot")]
public sealed record RefreshSnapshot
{
    /// <summary>Name of a live server in <c>Clones:Sources</c>.</summary>
    public required string Source { get; init; }
}
