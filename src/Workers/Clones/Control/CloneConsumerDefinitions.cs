using MassTransit;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>Commands about clones wait for one lock each: a few at a time are enough.</summary>
public abstract class CloneCommandDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    protected CloneCommandDefinition(string endpoint)
    {
        EndpointName = endpoint;
        ConcurrentMessageLimit = 4;
        Endpoint(e => e.PrefetchCount = 8);
    }
}

public sealed class CreateCloneConsumerDefinition() : CloneCommandDefinition<CreateCloneConsumer>("orchestrator-create-clone");

public sealed class UpdateCloneConsumerDefinition() : CloneCommandDefinition<UpdateCloneConsumer>("orchestrator-update-clone");

public sealed class ResetCloneConsumerDefinition() : CloneCommandDefinition<ResetCloneConsumer>("orchestrator-reset-clone");

public sealed class DeleteCloneConsumerDefinition() : CloneCommandDefinition<DeleteCloneConsumer>("orchestrator-delete-clone");

public sealed class CreateSnapshotConsumerDefinition() : CloneCommandDefinition<CreateSnapshotConsumer>("orchestrator-create-snapshot");

public sealed class UpdateSnapshotConsumerDefinition() : CloneCommandDefinition<UpdateSnapshotConsumer>("orchestrator-update-snapshot");

public sealed class DeleteSnapshotConsumerDefinition() : CloneCommandDefinition<DeleteSnapshotConsumer>("orchestrator-delete-snapshot");

public sealed class RefreshSnapshotConsumerDefinition() : CloneCommandDefinition<RefreshSnapshotConsumer>("orchestrator-refresh-snapshot");
