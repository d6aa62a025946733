namespace Orchestrator.Workers.Clones;

/// <summary>What the host knows of a clone.</summary>
public sealed record CloneReport
{
    public required Guid CloneId { get; init; }

    public required Guid SnapshotId { get; init; }

    /// <summary>1 when created, one more with each reset.</summary>
    public required int Revision { get; init; }

    public required CloneState State { get; init; }

    /// <summary>Why it is <see cref="CloneState.Failed"/>; else empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Where users reach it.</summary>
    public required string Host { get; init; }

    public required int Port { get; init; }

    /// <summary>The provider that made it.</summary>
    public required string Provider { get; init; }

    /// <summary>How long the last creation or reset took in this host, from the call until Postgres answered.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>Bytes of its snapshot as it lies on disk.</summary>
    public long LogicalSize { get; init; }
}

/// <summary>What a clone's Postgres does.</summary>
public enum CloneState
{
    /// <summary>Being made, or starting.</summary>
    Starting,

    /// <summary>It answers queries.</summary>
    Running,

    /// <summary>It does not come up, and nobody tries any more; its data stays until it is destroyed or reset.</summary>
    Failed,
}

/// <summary>Signs of use of a clone, read from its own statistics; what the host itself does is not in them.</summary>
/// <param name="LastActivityAt">The newest change of state of a client's session that is there; null when there is none.</param>
/// <param name="BusySessions">Sessions of clients that run something or hold a transaction open.</param>
/// <param name="Use">Grows with every session and every millisecond that a client keeps the clone busy, for comparison with an earlier reading; it starts again after a crash of the clone.</param>
public sealed record CloneActivity(DateTimeOffset? LastActivityAt, int BusySessions, long Use);
