namespace Orchestrator.Contracts.Clones;

/// <summary>Event: a snapshot can be cloned.</summary>
[MessageName("orchestrator.clones.snapshot-created")]
public sealed record SnapshotCreated
{
    public required string Id { get; init; }

    /// <summary>The state of the source that it holds.</summary>
    public required DateTimeOffset DataStateAt { get; init; }

    /// <summary>Name of the configured source, if it is of one.</summary>
    public string? Source { get; init; }
}

/// <summary>Event: a snapshot could not be made; nothing of it is left on disk.</summary>
[MessageName("orchestrator.clones.snapshot-creation-failed")]
public sealed record SnapshotCreationFailed
{
    public required string Id { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: what is kept about a snapshot was changed.</summary>
[MessageName("orchestrator.clones.snapshot-updated")]
public sealed record SnapshotUpdated
{
    public required string Id { get; init; }
    public required bool IsProtected { get; init; }
    public DateTimeOffset? ProtectedTill { get; init; }
    public DateTimeOffset? DeleteAt { get; init; }
}

/// <summary>Event: a snapshot is gone, and its storage is free.</summary>
[MessageName("orchestrator.clones.snapshot-deleted")]
public sealed record SnapshotDeleted
{
    public required string Id { get; init; }
    public string? Reason { get; init; }
}

/// <summary>Event: a snapshot could not be deleted, and is FATAL. Deleting it may be tried again.</summary>
[MessageName("orchestrator.clones.snapshot-deletion-failed")]
public sealed record SnapshotDeletionFailed
{
    public required string Id { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}

/// <summary>Event: a command about a snapshot was not carried out.</summary>
[MessageName("orchestrator.clones.snapshot-refused")]
public sealed record SnapshotRefused
{
    /// <summary>Empty when it was to be made and had no id yet.</summary>
    public required string Id { get; init; }
    public required string Code { get; init; }
    public required string Detail { get; init; }
}
