using System.Text.Json.Serialization;

namespace Orchestrator.Api.Clones;

/// <summary>The space of all hosts that are there, in bytes.</summary>
public sealed record DiskBody(long Size, long Free);

/// <summary>The program.</summary>
public sealed record EngineBody
{
    public required string Version { get; init; }
    public required string Edition { get; init; }

    [JsonPropertyName("instanceID")]
    public required string InstanceId { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required bool Telemetry { get; init; }
    public required bool DisableConfigModification { get; init; }
}

/// <summary>The file system of a host; sizes in bytes.</summary>
public sealed record FileSystemBody
{
    /// <summary>The provider of clones.</summary>
    public required string Mode { get; init; }

    /// <summary>The file system, such as xfs.</summary>
    public required string Type { get; init; }
    public required long Size { get; init; }
    public required long Free { get; init; }
    public required long Used { get; init; }

    /// <summary>Of the newest snapshot.</summary>
    public required long DataSize { get; init; }
    public required long UsedBySnapshots { get; init; }
    public required long UsedByClones { get; init; }
    public required double CompressRatio { get; init; }
}

/// <summary>A host of clones, in the original's words.</summary>
public sealed record PoolBody
{
    public required string Name { get; init; }

    /// <summary>The provider of clones: overlay, btrfs, reflink or copy.</summary>
    public required string Mode { get; init; }

    /// <summary>Whether a clone takes only the space of what differs.</summary>
    public required bool Thin { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? DataStateAt { get; init; }

    /// <summary>active, refreshing or empty; away, when its process is.</summary>
    public required string Status { get; init; }
    public required IReadOnlyList<string> CloneList { get; init; }
    public required FileSystemBody FileSystem { get; init; }

    /// <summary>Where clones are reached.</summary>
    public required string Address { get; init; }

    /// <summary>How many ports there are for clones, and how many are free.</summary>
    public required int Ports { get; init; }
    public required int FreePorts { get; init; }

    /// <summary>Why better providers are not used, by their name.</summary>
    public required IReadOnlyDictionary<string, string> Unavailable { get; init; }
}

public sealed record CloningBody
{
    /// <summary>Mean of the finished creations, in seconds.</summary>
    public required double ExpectedCloningTime { get; init; }
    public required int NumClones { get; init; }
    public required IReadOnlyList<CloneBody> Clones { get; init; }
    public required int ProtectionLeaseDurationMinutes { get; init; }
    public required int ProtectionMaxDurationMinutes { get; init; }
}

/// <summary>Something about the making of snapshots that needs attention.</summary>
public sealed record AlertBody(string Level, string Message, DateTimeOffset LastSeen, int Count);

/// <summary>How the making of snapshots stands.</summary>
public sealed record RetrievingBody
{
    public required string Mode { get; init; }

    /// <summary>inactive, pending, refreshing, finished or failed.</summary>
    public required string Status { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? LastRefresh { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? NextRefresh { get; init; }
    public required IReadOnlyDictionary<string, AlertBody> Alerts { get; init; }

    /// <summary>Always null: nobody watches the servers at work.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public object? Activity { get; init; }
}

/// <summary>Clones are processes here, not containers.</summary>
public sealed record ProvisionerBody(string DockerImage, IReadOnlyDictionary<string, string> ContainerConfig);

public sealed record SynchronizationBody
{
    public required StatusBody Status { get; init; }
    public required string LastReplayedLsn { get; init; }
    public required string LastReplayedLsnAt { get; init; }
    public required int ReplicationLag { get; init; }
    public required int ReplicationUptime { get; init; }
}

/// <summary>The state of everything about clones: the first design's fields beside today's.</summary>
public sealed record InstanceStatusBody
{
    /// <summary>OK or WARNING.</summary>
    public required StatusBody Status { get; init; }
    public required DiskBody Disk { get; init; }
    public required double ExpectedCloningTime { get; init; }
    public required int NumClones { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<CloneBody> Clones { get; init; }

    /// <summary>Those that can be cloned, the newest first.</summary>
    public required IReadOnlyList<SnapshotBody> Snapshots { get; init; }
    public required EngineBody Engine { get; init; }
    public required IReadOnlyList<PoolBody> Pools { get; init; }
    public required CloningBody Cloning { get; init; }
    public required RetrievingBody Retrieving { get; init; }
    public required ProvisionerBody Provisioner { get; init; }
    public required SynchronizationBody Synchronization { get; init; }
}
