namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Command: a new kind of machine can be made. Waiting jobs that it fits are assigned. Answered by
/// <see cref="FlavorAdded"/>, or <see cref="FlavorRefused"/> when the name is taken.
/// </summary>
[MessageName("orchestrator.jobs.add-flavor")]
public sealed record AddFlavor
{
    /// <summary>The platform that the flavor serves. 1 to 100 characters.</summary>
    public required string Platform { get; init; }

    /// <summary>Unique within the platform. 1 to 100 characters; <c>_</c> and <c>-</c> alone are reserved.</summary>
    public required string Name { get; init; }

    /// <summary>What the machine offers. Stored in lower case. Default: none, which fits only jobs without labels.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Among fitting flavors the highest wins. Default: 0.</summary>
    public int Priority { get; init; }

    /// <summary>A disabled flavor takes no jobs. Default: false.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>Machines wanted even without jobs, 0 or more. Default: 0.</summary>
    public int MinimumPressure { get; init; }

    /// <summary>Most machines ever wanted, at least <see cref="MinimumPressure"/>. Default: no bound.</summary>
    public int? MaximumPressure { get; init; }

    /// <summary>How the machines are made that are wanted. Default: not by us.</summary>
    public FlavorProvision? Provision { get; init; }
}

/// <summary>The instances by which the demand of a flavor is served.</summary>
public sealed record FlavorProvision
{
    /// <summary>Id of the app.</summary>
    public required long AppId { get; init; }

    /// <summary>Where they must run. Default: anywhere.</summary>
    public long? RegionId { get; init; }

    /// <summary>One of the configured sizes, such as <c>small</c>.</summary>
    public required string InstanceType { get; init; }
}

/// <summary>
/// Command: change a flavor; members that are absent stay as they are. Jobs that no longer fit are assigned anew.
/// Answered by <see cref="FlavorUpdated"/>, or <see cref="FlavorRefused"/> when there is no such flavor.
/// </summary>
[MessageName("orchestrator.jobs.update-flavor")]
public sealed record UpdateFlavor
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Priority { get; init; }
    public bool? IsDisabled { get; init; }
    public int? MinimumPressure { get; init; }

    /// <summary>A number sets the bound; <see cref="NoMaximumPressure"/> removes it.</summary>
    public int? MaximumPressure { get; init; }

    /// <summary>True removes the upper bound. Default: false.</summary>
    public bool NoMaximumPressure { get; init; }

    /// <summary>Another template sets it; <see cref="NoProvision"/> removes it.</summary>
    public FlavorProvision? Provision { get; init; }

    /// <summary>True removes the template: no machines are made any more. Default: false.</summary>
    public bool NoProvision { get; init; }
}

/// <summary>Command: let a flavor take jobs again. Jobs that moved elsewhere stay there.</summary>
[MessageName("orchestrator.jobs.enable-flavor")]
public sealed record EnableFlavor
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
}

/// <summary>Command: a flavor takes no more jobs; its incomplete jobs are assigned anew.</summary>
[MessageName("orchestrator.jobs.disable-flavor")]
public sealed record DisableFlavor
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
}

/// <summary>
/// Command: remove a flavor; its incomplete jobs are assigned anew, completed ones keep its name. Nothing happens
/// when there is no such flavor.
/// </summary>
[MessageName("orchestrator.jobs.delete-flavor")]
public sealed record DeleteFlavor
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
}
