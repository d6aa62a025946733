namespace Orchestrator.Contracts.Instances;

/// <summary>
/// Command: bring an instance to another state, or note where it runs (seed: <c>update_instance_status</c>). Members that
/// are absent stay as they are. A state that cannot be reached from the current one is refused with
/// <see cref="InstanceRefused"/>.
/// </summary>
[MessageName("orchestrator.instances.update-instance")]
public sealed record UpdateInstance
{
    /// <summary>Guid of the instance.</summary>
    public required Guid InstanceId { get; init; }

    /// <summary>provisioning, running, stopping, stopped, failed or terminated.</summary>
    public string? Status { get; init; }

    /// <summary>running, stopped, terminated or failed.</summary>
    public string? InstanceStatus { get; init; }

    /// <summary>At most 255 characters.</summary>
    public string? ContainerId { get; init; }

    /// <summary>At most 255 characters.</summary>
    public string? NodeName { get; init; }

    /// <summary>The version that the sender has seen: another one is refused. Default: any.</summary>
    public int? Version { get; init; }

    /// <summary>The nonce of the lease, where somebody holds one.</summary>
    public Guid? LeaseNonce { get; init; }
}
