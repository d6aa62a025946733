using MassTransit;

namespace Orchestrator.Workers.Instances;

/// <summary>Commands about single instances: several at once, each in its own transaction.</summary>
public abstract class InstanceCommandDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    protected InstanceCommandDefinition(string endpoint)
    {
        EndpointName = endpoint;
        ConcurrentMessageLimit = 8;
        Endpoint(e => e.PrefetchCount = 16);
    }
}

public sealed class ProvisionInstanceConsumerDefinition() : InstanceCommandDefinition<ProvisionInstanceConsumer>("orchestrator-provision-instance");

public sealed class UpdateInstanceConsumerDefinition() : InstanceCommandDefinition<UpdateInstanceConsumer>("orchestrator-update-instance");

public sealed class TerminateInstanceConsumerDefinition() : InstanceCommandDefinition<TerminateInstanceConsumer>("orchestrator-terminate-instance");

public sealed class TerminateAppInstancesConsumerDefinition() : InstanceCommandDefinition<TerminateAppInstancesConsumer>("orchestrator-terminate-app-instances");

public sealed class DeleteInstanceConsumerDefinition() : InstanceCommandDefinition<DeleteInstanceConsumer>("orchestrator-delete-instance");

public sealed class DrainNodeConsumerDefinition() : InstanceCommandDefinition<DrainNodeConsumer>("orchestrator-drain-node");

public sealed class InstanceDueConsumerDefinition() : InstanceCommandDefinition<InstanceDueConsumer>("orchestrator-instance-due");
