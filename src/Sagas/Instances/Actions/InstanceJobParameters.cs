using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Instances.Actions;

/// <summary>Parameters of <c>provision-instances</c>.</summary>
public sealed record ProvisionInstancesParameters
{
    [Description("Id of the app.")]
    [Range(1, long.MaxValue)]
    public required long App { get; init; }

    [Description("How many. Default: 1.")]
    [Range(1, 100)]
    public int? Count { get; init; }

    [Description("A configured size. Default: small.")]
    [Length(1, 100)]
    public string? InstanceType { get; init; }

    [Description("Id of the region. Default: anywhere.")]
    [Range(1, long.MaxValue)]
    public long? Region { get; init; }
}

/// <summary>What <c>provision-instances</c> returns.</summary>
public sealed record ProvisionInstancesOutput
{
    [Description("Ids, for wait-for-instances and terminate-instances.")]
    public required IReadOnlyList<long> Instances { get; init; }

    [Description("Their guids, in the same order.")]
    public required IReadOnlyList<string> Guids { get; init; }
}

/// <summary>Parameters of <c>wait-for-instances</c>.</summary>
public sealed record WaitForInstancesParameters
{
    [Description("Ids of the instances.")]
    [Length(1, 1000)]
    public required IReadOnlyList<long> Instances { get; init; }

    [Description("The state to wait for. Default: running.")]
    [AllowedValues("running", "stopped", "terminated")]
    public string? Status { get; init; }

    [Description("How long to wait. Default: 5m.")]
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan? Timeout { get; init; }
}

/// <summary>What <c>wait-for-instances</c> returns.</summary>
public sealed record WaitForInstancesOutput
{
    [Description("Seconds that it took.")]
    public required double Waited { get; init; }

    [Description("Names of the nodes that they are on.")]
    public required IReadOnlyList<string> Nodes { get; init; }
}

/// <summary>Parameters of <c>terminate-instances</c>.</summary>
public sealed record TerminateInstancesParameters
{
    [Description("Ids of the instances. One that is terminated or deleted already is done.")]
    [Length(1, 1000)]
    public required IReadOnlyList<long> Instances { get; init; }

    [Description("How long they may take to end. Default: 5m.")]
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan? Timeout { get; init; }
}

/// <summary>What <c>terminate-instances</c> returns.</summary>
public sealed record TerminateInstancesOutput
{
    [Description("How many were ended now.")]
    public required int Terminated { get; init; }
}
