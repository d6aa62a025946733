using System.Text.Json.Serialization;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Api.Instances;

/// <summary>An instance as it is read.</summary>
public sealed record InstanceBody
{
    public required long Id { get; init; }

    /// <summary>The program finds it in ORCHESTRATOR_INSTANCE.</summary>
    public required Guid Guid { get; init; }

    /// <summary>Where it is in its life: provisioning, running, stopping, stopped, failed or terminated.</summary>
    public required string Status { get; init; }

    /// <summary>What it is meant to be: running, stopped, terminated or failed.</summary>
    public required string InstanceStatus { get; init; }

    public required string InstanceType { get; init; }
    public required long AppId { get; init; }

    /// <summary>Null: anywhere.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? RegionId { get; init; }

    /// <summary>pid:starttime of a process, or the container's id.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? ContainerId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? NodeName { get; init; }

    /// <summary>Goes up with every change.</summary>
    public required int Version { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? TraceId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Why it is as it is, such as node_lost.</summary>
    public string? Reason { get; init; }

    /// <summary>The same in words.</summary>
    public string? ReasonDetail { get; init; }

    /// <summary>Exit code of the program, once it ended by itself.</summary>
    public int? ExitCode { get; init; }

    /// <summary>How often it was placed on a node.</summary>
    public required int Attempt { get; init; }

    /// <summary>Restarts within the window of the policy.</summary>
    public required int Restarts { get; init; }

    /// <summary>The flavor whose demand it serves, as platform/name.</summary>
    public string? Flavor { get; init; }

    /// <summary>The job that it serves now, as platform/id.</summary>
    public string? Job { get; init; }

    /// <summary>Guid of the instance that it replaces.</summary>
    public Guid? Replaces { get; init; }

    /// <summary>Guid of the instance that replaces it.</summary>
    public Guid? ReplacedBy { get; init; }

    public static InstanceBody Of(InstanceState instance) => new()
    {
        Id = instance.Id,
        Guid = instance.CorrelationId,
        Status = instance.Status,
        InstanceStatus = instance.InstanceStatus,
        InstanceType = instance.InstanceType,
        AppId = instance.AppId,
        RegionId = instance.RegionId,
        ContainerId = instance.ContainerId,
        NodeName = instance.NodeName,
        Version = instance.Version,
        TraceId = instance.TraceId,
        CreatedAt = instance.CreatedAt,
        UpdatedAt = instance.UpdatedAt,
        Reason = instance.ReasonCode,
        ReasonDetail = instance.Reason,
        ExitCode = instance.ExitCode,
        Attempt = instance.Attempt,
        Restarts = instance.Restarts,
        Flavor = instance.FlavorName is null ? null : $"{instance.FlavorPlatform}/{instance.FlavorName}",
        Job = instance.JobId is null ? null : $"{instance.JobPlatform}/{instance.JobId}",
        Replaces = instance.Replaces,
        ReplacedBy = instance.ReplacedBy,
    };
}

/// <summary>An instance to be made.</summary>
public sealed record InstanceRequest
{
    /// <summary>small, medium, large, or another size that is configured.</summary>
    public string? InstanceType { get; init; }

    /// <summary>Where it must run. Default: anywhere.</summary>
    public long? RegionId { get; init; }
}

/// <summary>What to change of an instance; what is absent stays as it is.</summary>
public sealed record InstancePatch
{
    /// <summary>provisioning, running, stopping, stopped, failed or terminated.</summary>
    public string? Status { get; init; }

    /// <summary>running, stopped, terminated or failed.</summary>
    public string? InstanceStatus { get; init; }

    public string? ContainerId { get; init; }
    public string? NodeName { get; init; }

    /// <summary>The version that was seen: another one is refused. Default: any.</summary>
    public int? Version { get; init; }
}

/// <summary>A page of instances.</summary>
public sealed record InstanceListBody(IReadOnlyList<InstanceBody> Instances, PaginationBody Pagination);

/// <summary>Which page it is.</summary>
public sealed record PaginationBody(int Page, int PerPage, long TotalCount);

/// <summary>How many there are.</summary>
public sealed record CountBody(long Count);

/// <summary>How many are being ended.</summary>
public sealed record TerminatedBody(int Terminated);

/// <summary>A lease to be taken or renewed.</summary>
public sealed record LeaseRequest
{
    /// <summary>How long it lasts, 1 to 86,400. Default: 60.</summary>
    public int? TtlSeconds { get; init; }

    /// <summary>What it is for, at most 200 characters.</summary>
    public string? Description { get; init; }
}

/// <summary>A lease as it is given.</summary>
public sealed record LeaseBody
{
    /// <summary>Shown in the header Lease-Nonce, it lets its holder write. Absent for everybody else.</summary>
    public Guid? Nonce { get; init; }

    public required string Owner { get; init; }
    public string? Description { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}
