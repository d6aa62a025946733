using MassTransit;

namespace Orchestrator.Sagas.Clones;

/// <summary>One snapshot, from the request until its storage is free.</summary>
public sealed class SnapshotState : SagaStateMachineInstance, IProtectable
{
    /// <summary>What its saga is called in locks and in the inbox.</summary>
    public const string SagaName = "clone-snapshot";

    /// <summary>Also the name of its directory.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>A state of <see cref="SnapshotStateMachine"/>.</summary>
    public string State { get; set; } = "";

    /// <summary>What users call it; unique.</summary>
    public string Id { get; set; } = "";

    /// <inheritdoc cref="CloneState.Attempt"/>
    public int Attempt { get; set; }

    /// <inheritdoc cref="CloneState.StateSince"/>
    public DateTimeOffset StateSince { get; set; }

    /// <summary>The host that keeps it.</summary>
    public string HostId { get; set; } = "";

    /// <summary>The configured source that it is of, if any.</summary>
    public string? SourceName { get; set; }

    /// <summary>The live server that was named in the request: sealed, so that the host alone can read it.</summary>
    public byte[]? SealedSource { get; set; }

    /// <summary>The dump that it is of, if any.</summary>
    public string? Dump { get; set; }

    /// <summary>The clone that it is of, if any.</summary>
    public Guid? CloneKey { get; set; }

    /// <summary>The database that it was made for.</summary>
    public string? DbName { get; set; }

    /// <summary>What it is, in the asker's words.</summary>
    public string? Message { get; set; }
    public bool IsProtected { get; set; }
    public DateTimeOffset? ProtectedTill { get; set; }
    public DateTimeOffset? DeleteAt { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? DataStateAt { get; set; }
    public long PhysicalSize { get; set; }
    public long LogicalSize { get; set; }
    public int PostgresVersion { get; set; }
    public List<string> Databases { get; set; } = [];

    /// <summary>True while its clones are deleted, before it can be.</summary>
    public bool WaitsForClones { get; set; }
    public string? FatalCode { get; set; }
    public string? FatalDetail { get; set; }
    public string? DeleteReason { get; set; }
    public string? TraceId { get; set; }

    /// <inheritdoc cref="CloneState.IsDeletionBegun"/>
    internal bool IsDeletionBegun { get; set; }

    /// <inheritdoc cref="CloneState.IsProtectedAt"/>
    public bool IsProtectedAt(DateTimeOffset now) => IsProtected && (ProtectedTill is null || ProtectedTill > now);
}
