using MassTransit;

namespace Orchestrator.Sagas.Instances;

/// <summary>One instance: the saga's row, and the seed's <c>Instance</c>.</summary>
public sealed class InstanceState : SagaStateMachineInstance
{
    /// <summary>The guid.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>The 64-bit id, drawn when the instance was accepted.</summary>
    public long Id { get; set; }

    public long AppId { get; set; }
    public string InstanceType { get; set; } = "";
    public long? RegionId { get; set; }

    /// <summary>Where it is in its life (seed: <c>status</c>).</summary>
    public string Status { get; set; } = "";

    /// <summary>The same by the name that the state machine gives it.</summary>
    public string? CurrentState
    {
        get => Status.Length == 0 ? null : char.ToUpperInvariant(Status[0]) + Status[1..];
        set => Status = value?.ToLowerInvariant() ?? "";
    }

    /// <summary>What it is meant to be (seed: <c>instance_status</c>): one of <see cref="Intents"/>.</summary>
    public string InstanceStatus { get; set; } = Intents.Running;

    /// <summary><c>pid:starttime</c> of a process, or the container's id.</summary>
    public string? ContainerId { get; set; }

    public string? NodeName { get; set; }

    /// <summary>Goes up with every change: a guard for concurrent writers.</summary>
    public int Version { get; set; }

    /// <summary>How often it was placed; what is said about an earlier attempt counts no more.</summary>
    public int Attempt { get; set; }

    /// <summary>True while it holds a claim on a node.</summary>
    public bool IsPlaced { get; set; }

    /// <summary>Why it is as it is, such as <c>node_lost</c>.</summary>
    public string? ReasonCode { get; set; }

    /// <summary>The same in words.</summary>
    public string? Reason { get; set; }

    /// <summary>Exit code of the program, once it ended by itself.</summary>
    public int? ExitCode { get; set; }

    /// <summary>Restarts within the window of the policy.</summary>
    public int Restarts { get; set; }

    /// <summary>When the window began.</summary>
    public DateTimeOffset? RestartsSince { get; set; }

    /// <summary>When the step that it is in must be over, or the restart is due; null: nothing is to happen.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>The flavor whose demand it serves; it ends after one job. Null: it was asked for by somebody.</summary>
    public string? FlavorPlatform { get; set; }

    /// <inheritdoc cref="FlavorPlatform"/>
    public string? FlavorName { get; set; }

    /// <summary>The job that it serves now.</summary>
    public string? JobPlatform { get; set; }

    /// <inheritdoc cref="JobPlatform"/>
    public string? JobId { get; set; }

    /// <summary>Since when it runs without a job.</summary>
    public DateTimeOffset? IdleSince { get; set; }

    /// <summary>When it was asked to end, and has not answered.</summary>
    public DateTimeOffset? AskedAt { get; set; }

    /// <summary>The instance that it replaces.</summary>
    public Guid? Replaces { get; set; }

    /// <summary>The instance that replaces it.</summary>
    public Guid? ReplacedBy { get; set; }

    /// <summary>Whoever shows it may write while the lease lasts, others not.</summary>
    public Guid? LeaseNonce { get; set; }

    public string? LeaseOwner { get; set; }
    public string? LeaseDescription { get; set; }
    public DateTimeOffset? LeaseUntil { get; set; }
    public string? TraceId { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>When it began to run.</summary>
    public DateTimeOffset? RunningAt { get; set; }

    /// <summary>When it was terminated, or failed for good.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    public bool IsOfFlavor => FlavorName is not null;

    public bool IsBusy => JobId is not null;

    /// <summary>Nothing will happen to it any more unless somebody asks.</summary>
    public bool IsAtRest =>
        Status is Statuses.Running or Statuses.Stopped or Statuses.Terminated || (Status is Statuses.Failed && InstanceStatus is not Intents.Running);
}

/// <summary>The values of <see cref="InstanceState.Status"/>.</summary>
public static class Statuses
{
    public const string Provisioning = "provisioning";
    public const string Running = "running";
    public const string Stopping = "stopping";
    public const string Stopped = "stopped";
    public const string Failed = "failed";
    public const string Terminated = "terminated";

    public static readonly IReadOnlyList<string> All = [Provisioning, Running, Stopping, Stopped, Failed, Terminated];

    private static readonly Dictionary<string, string[]> Next = new(StringComparer.Ordinal)
    {
        [Provisioning] = [Running, Failed, Terminated],
        [Running] = [Stopping, Failed, Terminated],
        [Stopping] = [Stopped, Terminated, Failed],
        [Stopped] = [Provisioning, Terminated],
        [Failed] = [Provisioning, Terminated],
        [Terminated] = [],
    };

    /// <summary>The states that may follow one; the matrix of the life cycle.</summary>
    public static IReadOnlyList<string> After(string status) => Next[status];
}

/// <summary>The values of <see cref="InstanceState.InstanceStatus"/>.</summary>
public static class Intents
{
    public const string Running = "running";
    public const string Stopped = "stopped";
    public const string Terminated = "terminated";
    public const string Failed = "failed";

    public static readonly IReadOnlyList<string> All = [Running, Stopped, Terminated, Failed];
}
