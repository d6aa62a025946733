using MassTransit;

namespace Orchestrator.Sagas.Clones;

/// <summary>One clone, from the request until its storage is free.</summary>
public sealed class CloneState : SagaStateMachineInstance, IProtectable
{
    /// <summary>Of this clone alone: a later one of the same <see cref="Id"/> has another.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>A state of <see cref="CloneStateMachine"/>.</summary>
    public string State { get; set; } = "";

    /// <summary>What users call it; unique among the clones that exist.</summary>
    public string Id { get; set; } = "";

    /// <summary>Counts the works that its host was asked for: the fencing token of its answers.</summary>
    public int Attempt { get; set; }

    /// <summary>1 as it was created, one more with each reset.</summary>
    public int Revision { get; set; } = 1;

    /// <summary>When it came to <see cref="State"/>, on the database's clock.</summary>
    public DateTimeOffset StateSince { get; set; }

    /// <summary>The host that keeps it: the one that has its snapshot.</summary>
    public string HostId { get; set; } = "";
    public string SnapshotId { get; set; } = "";

    public string? Name { get; set; }
    public string? Project { get; set; }

    /// <summary>Who asked for it.</summary>
    public string? Owner { get; set; }

    /// <summary>The role in its Postgres.</summary>
    public string Username { get; set; } = "";

    /// <summary>The password's SCRAM-SHA-256 verifier.</summary>
    public string Verifier { get; set; } = "";
    public string? DbName { get; set; }
    public bool IsRestricted { get; set; }

    /// <summary>Settings of Postgres, as a JSON object of texts.</summary>
    public string ExtraConf { get; set; } = "{}";

    public bool IsProtected { get; set; }

    /// <summary>When the protection ends; null with <see cref="IsProtected"/>: not by itself.</summary>
    public DateTimeOffset? ProtectedTill { get; set; }
    public DateTimeOffset? DeleteAt { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it was ready first.</summary>
    public DateTimeOffset? ReadyAt { get; set; }

    /// <summary>True while the whole of its storage is on its host.</summary>
    public bool IsStored { get; set; }

    /// <summary>Why it is fatal: stable and upper case.</summary>
    public string? FatalCode { get; set; }

    /// <summary>The same in words.</summary>
    public string? FatalDetail { get; set; }

    /// <summary>Where to connect to.</summary>
    public string? Address { get; set; }
    public int? Port { get; set; }

    /// <summary>Why it is being deleted, when not by a user.</summary>
    public string? DeleteReason { get; set; }
    public string? TraceId { get; set; }

    /// <summary>True when the message that is being handled begins its deletion; not stored.</summary>
    internal bool IsDeletionBegun { get; set; }

    /// <summary>Whether it may not be deleted now.</summary>
    public bool IsProtectedAt(DateTimeOffset now) => IsProtected && (ProtectedTill is null || ProtectedTill > now);
}
