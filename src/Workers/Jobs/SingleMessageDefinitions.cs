using MassTransit;

namespace Orchestrator.Workers.Jobs;

/// <summary>Rare commands that take a platform's exclusive lock: two at a time are enough.</summary>
public abstract class RareCommandDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    protected RareCommandDefinition(string endpoint)
    {
        EndpointName = endpoint;
        ConcurrentMessageLimit = 2;
        Endpoint(e => e.PrefetchCount = 2);
    }
}

public sealed class AddFlavorConsumerDefinition() : RareCommandDefinition<AddFlavorConsumer>("orchestrator-add-flavor");

public sealed class UpdateFlavorConsumerDefinition() : RareCommandDefinition<UpdateFlavorConsumer>("orchestrator-update-flavor");

public sealed class EnableFlavorConsumerDefinition() : RareCommandDefinition<EnableFlavorConsumer>("orchestrator-enable-flavor");

public sealed class DisableFlavorConsumerDefinition() : RareCommandDefinition<DisableFlavorConsumer>("orchestrator-disable-flavor");

public sealed class DeleteFlavorConsumerDefinition() : RareCommandDefinition<DeleteFlavorConsumer>("orchestrator-delete-flavor");

public sealed class DeleteJobConsumerDefinition() : RareCommandDefinition<DeleteJobConsumer>("orchestrator-delete-job");
