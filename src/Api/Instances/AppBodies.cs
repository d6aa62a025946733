using System.Text.Json.Serialization;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Api.Instances;

/// <summary>An app as it is read.</summary>
public sealed record AppBody
{
    public required long Id { get; init; }
    public required string Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? Image { get; init; }

    public required IReadOnlyList<string> Command { get; init; }
    public required IReadOnlyDictionary<string, string> Env { get; init; }
    public required IReadOnlyList<int> Ports { get; init; }
    public required HealthCheck HealthCheck { get; init; }
    public required RestartPolicy RestartPolicy { get; init; }

    /// <summary>From the signal to the kill; null: the configured time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? GraceSeconds { get; init; }

    /// <summary>Instances at once; null: the configured limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required int? InstanceLimit { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    public static AppBody Of(App app) => new()
    {
        Id = app.Id,
        Name = app.Name,
        Image = app.Image,
        Command = app.Command,
        Env = app.Env,
        Ports = app.Ports,
        HealthCheck = app.HealthCheck,
        RestartPolicy = app.RestartPolicy,
        GraceSeconds = app.GraceSeconds,
        InstanceLimit = app.InstanceLimit,
        CreatedAt = app.CreatedAt,
        UpdatedAt = app.UpdatedAt,
    };
}

/// <summary>An app as it is created or changed; only its name, and a command or an image, are required.</summary>
public sealed record AppRequest
{
    /// <summary>Unique, 1 to 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary>What to run: a folder name:tag, or a docker image. Default: the command alone, on the programs of the node.</summary>
    public string? Image { get; init; }

    /// <summary>Program and arguments. Default: the image's own.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Variables of the program.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>
    /// Ports that the program listens on. Each instance gets a free port of its node for each: the first in PORT, all of them
    /// in PORT_n, n being the port named here.
    /// </summary>
    public IReadOnlyList<int>? Ports { get; init; }

    public HealthCheckRequest? HealthCheck { get; init; }

    public RestartPolicyRequest? RestartPolicy { get; init; }

    /// <summary>From the signal to the kill, 0 to 3,600. Default: the configured time.</summary>
    public double? GraceSeconds { get; init; }

    /// <summary>Instances at once, 0 to 100,000. Default: the configured limit.</summary>
    public int? InstanceLimit { get; init; }

    /// <summary>Writes what the request names into an app.</summary>
    public void ApplyTo(App app)
    {
        app.Name = Name ?? app.Name;
        app.Image = Image ?? app.Image;
        app.Command = Command is null ? app.Command : [.. Command];
        app.Env = Env is null ? app.Env : new Dictionary<string, string>(Env, StringComparer.Ordinal);
        app.Ports = Ports is null ? app.Ports : [.. Ports];
        app.HealthCheck = HealthCheck?.Over(app.HealthCheck) ?? app.HealthCheck;
        app.RestartPolicy = RestartPolicy?.Over(app.RestartPolicy) ?? app.RestartPolicy;
        app.GraceSeconds = GraceSeconds ?? app.GraceSeconds;
        app.InstanceLimit = InstanceLimit ?? app.InstanceLimit;
    }
}

/// <summary>When an instance is well.</summary>
public sealed record HealthCheckRequest
{
    /// <summary>process: it runs; tcp: its port takes connections; http: its page answers 200 to 399. Default: process.</summary>
    public string? Type { get; init; }

    /// <summary>One of the app's ports. Default: its first.</summary>
    public int? Port { get; init; }

    /// <summary>Path of the page. Default: /.</summary>
    public string? Path { get; init; }

    /// <summary>From one check to the next, 0.05 to 3,600. Default: 1.</summary>
    public double? IntervalSeconds { get; init; }

    /// <summary>How long one check may take, 0.05 to 60. Default: 1.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>Passes in a row that make it healthy. Default: 1.</summary>
    public int? HealthyThreshold { get; init; }

    /// <summary>Failures in a row that make it unhealthy. Default: 3.</summary>
    public int? UnhealthyThreshold { get; init; }

    /// <summary>How long a start may take before failures count. Default: as long as the deadline allows.</summary>
    public double? InitialDelaySeconds { get; init; }

    public HealthCheck Over(HealthCheck old) => new()
    {
        Type = Type ?? old.Type,
        Port = Port ?? old.Port,
        Path = Path ?? old.Path,
        IntervalSeconds = IntervalSeconds ?? old.IntervalSeconds,
        TimeoutSeconds = TimeoutSeconds ?? old.TimeoutSeconds,
        HealthyThreshold = HealthyThreshold ?? old.HealthyThreshold,
        UnhealthyThreshold = UnhealthyThreshold ?? old.UnhealthyThreshold,
        InitialDelaySeconds = InitialDelaySeconds ?? old.InitialDelaySeconds,
    };
}

/// <summary>What becomes of an instance that ends by itself, or with its node.</summary>
public sealed record RestartPolicyRequest
{
    /// <summary>always, on-failure (the default) or no.</summary>
    public string? Mode { get; init; }

    /// <summary>Restarts within the window; then it stays failed. Default: 3.</summary>
    public int? Attempts { get; init; }

    /// <summary>1 to 86,400. Default: 600.</summary>
    public double? WindowSeconds { get; init; }

    /// <summary>Wait before the first restart; doubled for each one after it, with jitter. Default: 1.</summary>
    public double? DelaySeconds { get; init; }

    /// <summary>The longest wait. Default: 60.</summary>
    public double? MaxDelaySeconds { get; init; }

    public RestartPolicy Over(RestartPolicy old) => new()
    {
        Mode = Mode ?? old.Mode,
        Attempts = Attempts ?? old.Attempts,
        WindowSeconds = WindowSeconds ?? old.WindowSeconds,
        DelaySeconds = DelaySeconds ?? old.DelaySeconds,
        MaxDelaySeconds = MaxDelaySeconds ?? old.MaxDelaySeconds,
    };
}

/// <summary>A region as it is read.</summary>
public sealed record RegionBody(long Id, string Name, DateTimeOffset CreatedAt);

/// <summary>A region to be added.</summary>
public sealed record RegionRequest
{
    /// <summary>Unique, 1 to 100 characters.</summary>
    public string? Name { get; init; }
}

/// <summary>A page of a list.</summary>
public sealed record PageBody<T>(IReadOnlyList<T> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>A node as it is read.</summary>
public sealed record NodeBody
{
    public required string Name { get; init; }

    /// <summary>joining, active, draining, drained or lost.</summary>
    public required string State { get; init; }

    /// <summary>Counts the node's lives.</summary>
    public required long Incarnation { get; init; }

    /// <summary>process or docker.</summary>
    public required string Runtime { get; init; }

    /// <summary>Names of the regions that it serves; none: every one.</summary>
    public required IReadOnlyList<string> Regions { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>What it has.</summary>
    public required NodeRoom Capacity { get; init; }

    /// <summary>What is claimed of it.</summary>
    public required NodeRoom Claimed { get; init; }

    /// <summary>Instances that hold a claim on it.</summary>
    public required long Instances { get; init; }

    public required DateTimeOffset LeaseUntil { get; init; }
    public required DateTimeOffset HeartbeatAt { get; init; }

    /// <summary>When a drain ends what is left.</summary>
    public DateTimeOffset? DrainUntil { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static NodeBody Of(NodeUse use) => new()
    {
        Name = use.Node.Name,
        State = use.Node.State,
        Incarnation = use.Node.Incarnation,
        Runtime = use.Node.Runtime,
        Regions = use.Node.Regions,
        Labels = use.Node.Labels,
        Capacity = new NodeRoom(use.Node.MilliCpus, use.Node.MemoryMiB, use.Node.DiskMiB),
        Claimed = new NodeRoom(use.MilliCpus, use.MemoryMiB, use.DiskMiB),
        Instances = use.Instances,
        LeaseUntil = use.Node.LeaseUntil,
        HeartbeatAt = use.Node.HeartbeatAt,
        DrainUntil = use.Node.DrainUntil,
        CreatedAt = use.Node.CreatedAt,
    };
}

/// <summary>Room on a node.</summary>
/// <param name="MilliCpus">Thousandths of processors.</param>
/// <param name="MemoryMiB">Memory.</param>
/// <param name="DiskMiB">Disk.</param>
public sealed record NodeRoom(long MilliCpus, [property: JsonPropertyName("memoryMiB")] long MemoryMiB, [property: JsonPropertyName("diskMiB")] long DiskMiB);

/// <summary>How to drain a node.</summary>
public sealed record DrainRequest
{
    /// <summary>When what is left is ended, 1 to 86,400. Default: 300.</summary>
    public int? DeadlineSeconds { get; init; }
}
