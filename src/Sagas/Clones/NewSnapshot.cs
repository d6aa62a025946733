namespace Orchestrator.Sagas.Clones;

/// <summary>A snapshot to be made, on a host that was chosen for it.</summary>
public sealed record NewSnapshot
{
    public required string Id { get; init; }
    public required string HostId { get; init; }

    /// <inheritdoc cref="SnapshotState.SourceName"/>
    public string? SourceName { get; init; }

    /// <inheritdoc cref="SnapshotState.SealedSource"/>
    public byte[]? SealedSource { get; init; }

    /// <inheritdoc cref="SnapshotState.Dump"/>
    public string? Dump { get; init; }

    /// <inheritdoc cref="SnapshotState.CloneKey"/>
    public Guid? CloneKey { get; init; }

    /// <inheritdoc cref="SnapshotState.DbName"/>
    public string? DbName { get; init; }

    /// <inheritdoc cref="SnapshotState.Message"/>
    public string? Message { get; init; }
}
