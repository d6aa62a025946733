namespace Orchestrator.Contracts.Instances;

/// <summary>Event: an instance was accepted, or is provisioned again after it stopped or failed.</summary>
[MessageName("orchestrator.instances.instance-provisioning")]
public sealed record InstanceProvisioning
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
    public required long AppId { get; init; }

    /// <summary>Counts how often it was placed on a node.</summary>
    public required int Attempt { get; init; }
}

/// <summary>Event: an instance is up and its health check passes.</summary>
[MessageName("orchestrator.instances.instance-running")]
public sealed record InstanceRunning
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
    public required long AppId { get; init; }
    public string? NodeName { get; init; }
    public string? ContainerId { get; init; }
}

/// <summary>Event: an instance is being stopped.</summary>
[MessageName("orchestrator.instances.instance-stopping")]
public sealed record InstanceStopping
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
    public required long AppId { get; init; }
}

/// <summary>Event: an instance has stopped and may be started again.</summary>
[MessageName("orchestrator.instances.instance-stopped")]
public sealed record InstanceStopped
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
    public required long AppId { get; init; }
}

/// <summary>Event: an instance failed.</summary>
[MessageName("orchestrator.instances.instance-failed")]
public sealed record InstanceFailed
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
    public required long AppId { get; init; }

    /// <summary>Such as <c>node_lost</c>, <c>start_failed</c>, <c>exited</c>, <c>unhealthy</c>, <c>no_room</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The same in words.</summary>
    public string? Detail { get; init; }

    /// <summary>True when the restart policy will start it again.</summary>
    public required bool WillRestart { get; init; }
}

/// <summary>Event: an instance has ended and left nothing behind. It stays so.</summary>
[MessageName("orchestrator.instances.instance-terminated")]
public sealed record InstanceTerminated
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
    public required long AppId { get; init; }

    /// <summary>Why it ended.</summary>
    public string? Reason { get; init; }
}

/// <summary>Event: an instance was forgotten.</summary>
[MessageName("orchestrator.instances.instance-deleted")]
public sealed record InstanceDeleted
{
    public required Guid InstanceId { get; init; }
    public required long Id { get; init; }
}

/// <summary>Event: a command about an instance could not be carried out.</summary>
[MessageName("orchestrator.instances.instance-refused")]
public sealed record InstanceRefused
{
    public required Guid InstanceId { get; init; }

    /// <summary>Such as <c>ILLEGAL_TRANSITION</c>, <c>VERSION_CONFLICT</c>, <c>INSTANCE_NOT_FOUND</c>, <c>APP_NOT_FOUND</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The same in words.</summary>
    public required string Detail { get; init; }

    /// <summary>The state that it is in, where there is such an instance.</summary>
    public string? Status { get; init; }
}

/// <summary>Event: a node let its lease run out. What it ran is failed with <c>node_lost</c>.</summary>
[MessageName("orchestrator.instances.node-lost")]
public sealed record NodeLost
{
    public required string Node { get; init; }

    /// <summary>Counts the lives of the node.</summary>
    public required long Incarnation { get; init; }
}

/// <summary>Event: nothing is left on a node that was to be drained.</summary>
[MessageName("orchestrator.instances.node-drained")]
public sealed record NodeDrained
{
    public required string Node { get; init; }
}

/// <summary>Timer: the step that an instance is in should be over by now, or its restart is due.</summary>
[MessageName("orchestrator.instances.instance-due")]
public sealed record InstanceDue
{
    public required Guid InstanceId { get; init; }
}

/// <summary>
/// Event: an instance of a flavor ended, so that there may be too few. It carries no number: look at the instances when it arrives.
/// </summary>
[MessageName("orchestrator.instances.capacity-changed")]
public sealed record CapacityChanged
{
    public required string Platform { get; init; }

    /// <summary>Name of the flavor.</summary>
    public required string Flavor { get; init; }
}
