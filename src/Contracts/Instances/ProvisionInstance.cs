namespace Orchestrator.Contracts.Instances;

/// <summary>
/// Command: make an instance of an app. Whoever accepts it draws the 64-bit id. A repeat with the same guid changes
/// nothing. Answered by <see cref="InstanceProvisioning"/>, then <see cref="InstanceRunning"/> or
/// <see cref="InstanceFailed"/>; or by <see cref="InstanceRefused"/>.
/// </summary>
[MessageName("orchestrator.instances.provision-instance")]
public sealed record ProvisionInstance
{
    /// <summary>The instance's guid, made by the sender; the program finds it in <c>ORCHESTRATOR_INSTANCE</c>.</summary>
    public required Guid InstanceId { get; init; }

    /// <summary>The app that it is an instance of.</summary>
    public required long AppId { get; init; }

    /// <summary>One of the configured sizes: <c>small</c>, <c>medium</c>, <c>large</c>, or another that is configured.</summary>
    public required string InstanceType { get; init; }

    /// <summary>Where it must run. Default: anywhere.</summary>
    public long? RegionId { get; init; }
}
