namespace Orchestrator.Contracts.Instances;

/// <summary>
/// Command: signal, grace time, kill, release. Answered by <see cref="InstanceTerminated"/>. One that is terminated
/// already stays so.
/// </summary>
[MessageName("orchestrator.instances.terminate-instance")]
public sealed record TerminateInstance
{
    /// <summary>Guid of the instance.</summary>
    public required Guid InstanceId { get; init; }

    /// <summary>Why, for the timeline. Default: <c>asked</c>.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc cref="UpdateInstance.LeaseNonce"/>
    public Guid? LeaseNonce { get; init; }
}

/// <summary>
/// Command: terminate every instance of an app that is meant to run (seed: <c>terminate_all_instances</c>).
/// </summary>
[MessageName("orchestrator.instances.terminate-app-instances")]
public sealed record TerminateAppInstances
{
    public required long AppId { get; init; }
}

/// <summary>
/// Command: forget an instance (seed: <c>delete_instance</c>). Refused unless it is terminated, or forced: then whatever
/// runs of it is killed all the same.
/// </summary>
[MessageName("orchestrator.instances.delete-instance")]
public sealed record DeleteInstance
{
    /// <summary>Guid of the instance.</summary>
    public required Guid InstanceId { get; init; }

    /// <summary>Delete it whatever its state. Default: false.</summary>
    public bool Force { get; init; }

    /// <inheritdoc cref="UpdateInstance.LeaseNonce"/>
    public Guid? LeaseNonce { get; init; }
}

/// <summary>Command: give a node no new work, move what is there, and end what is left at the deadline.</summary>
[MessageName("orchestrator.instances.drain-node")]
public sealed record DrainNode
{
    /// <summary>Name of the node.</summary>
    public required string Node { get; init; }

    /// <summary>How long what is there may take to move or to end. Default: 5 minutes.</summary>
    public TimeSpan? Deadline { get; init; }
}
