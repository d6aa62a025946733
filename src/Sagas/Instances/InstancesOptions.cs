using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Instances;

/// <summary>Section <c>Instances</c>.</summary>
public sealed class InstancesOptions : IValidatableObject
{
    /// <summary>
    /// Sizes by name. Default: small (250 m, 128 MiB), medium (500 m, 512 MiB), large (1000 m, 1 GiB), each with 1 GiB of disk.
    /// A name that is configured is added, or replaces the one of that name.
    /// </summary>
    public Dictionary<string, InstanceSize> Types { get; init; } = new(StringComparer.Ordinal);

    /// <summary>How many times over the processors of a node may be promised. 1 to 100, default 4.</summary>
    [Range(1.0, 100.0)]
    public double CpuOvercommit { get; set; } = 4;

    /// <summary>Instances of one app at once, where the app names no limit. 1 to 100,000, default 1,000.</summary>
    [Range(1, 100_000)]
    public int DefaultLimit { get; set; } = 1_000;

    /// <summary>How long an instance may wait for a node with room. 1 second to 1 day, default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan PlacementDeadline { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a node may take to start an instance. 1 second to 1 day, default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StartDeadline { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a started instance may take to become healthy. 1 second to 1 day, default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan HealthDeadline { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an instance may take to end after its grace time. 1 second to 1 day, default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StopDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>From the signal to the kill, where the app names no grace time. 0 seconds to 1 hour, default 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A node that does not renew its lease for this long is lost. 2 seconds to 1 hour, default 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node renews its lease; at most half of it. 100 milliseconds to 10 minutes, default 2 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>What a drain may take, where it names no deadline. 1 second to 1 day, default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DrainDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The first port that instances get. 1,024 to 65,535, default 20,000.</summary>
    [Range(1024, 65_535)]
    public int FirstPort { get; set; } = 20_000;

    /// <summary>The last port that instances get. 1,024 to 65,535, default 29,999.</summary>
    [Range(1024, 65_535)]
    public int LastPort { get; set; } = 29_999;

    /// <summary>How long an instance of a flavor is idle before it is asked to end. 0 seconds to 1 day, default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan CoolDown { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a runner may take to end after it was asked; then it counts as busy. 100 milliseconds to 1 hour, default 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan AskPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Terminated and failed instances are removed after this time. 1 hour to 3,650 days, default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The size of a type; null when there is none of that name.</summary>
    public InstanceSize? SizeOf(string type) => Types.GetValueOrDefault(type) ?? InstanceSize.Standard.GetValueOrDefault(type);

    /// <summary>Every type that can be asked for, in alphabetical order.</summary>
    public IReadOnlyList<string> TypeNames => [.. Types.Keys.Concat(InstanceSize.Standard.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Heartbeat > Lease / 2)
            yield return new ValidationResult("one lost heartbeat would lose the node; it must be at most half of Instances:Lease.", [nameof(Heartbeat)]);
        if (LastPort < FirstPort)
            yield return new ValidationResult("it must be at least Instances:FirstPort.", [nameof(LastPort)]);
        if (Types.Any(type => type.Value.MilliCpus < 1 || type.Value.MemoryMiB < 1 || type.Value.DiskMiB < 0))
            yield return new ValidationResult("each type must have MilliCpus and MemoryMiB of 1 or more, and DiskMiB of 0 or more.", [nameof(Types)]);
    }
}

/// <summary>What an instance takes of a node.</summary>
public sealed record InstanceSize
{
    internal static readonly IReadOnlyDictionary<string, InstanceSize> Standard = new Dictionary<string, InstanceSize>(StringComparer.Ordinal)
    {
        ["small"] = new() { MilliCpus = 250, MemoryMiB = 128 },
        ["medium"] = new() { MilliCpus = 500, MemoryMiB = 512 },
        ["large"] = new() { MilliCpus = 1000, MemoryMiB = 1024 },
    };

    /// <summary>Thousandths of a processor.</summary>
    public int MilliCpus { get; init; }

    public int MemoryMiB { get; init; }

    /// <summary>Default: 1,024.</summary>
    public int DiskMiB { get; init; } = 1024;
}
