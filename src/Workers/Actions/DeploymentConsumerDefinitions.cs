using MassTransit;

namespace Orchestrator.Workers.Actions;

public sealed class ExecuteActionConsumerDefinition : ConsumerDefinition<ExecuteActionConsumer>
{
    public ExecuteActionConsumerDefinition()
    {
        EndpointName = "orchestrator-execute-action";
        ConcurrentMessageLimit = 8;
        Endpoint(e => e.PrefetchCount = 32);
    }
}

/// <summary>Rare commands. One may wait for its deployment to begin, so a few go on beside it.</summary>
public abstract class DeploymentCommandDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    protected DeploymentCommandDefinition(string endpoint)
    {
        EndpointName = endpoint;
        ConcurrentMessageLimit = 8;
        Endpoint(e => e.PrefetchCount = 8);
    }
}

public sealed class StopDeploymentConsumerDefinition() : DeploymentCommandDefinition<StopDeploymentConsumer>("orchestrator-stop-deployment");

public sealed class SuspendDeploymentConsumerDefinition() : DeploymentCommandDefinition<SuspendDeploymentConsumer>("orchestrator-suspend-deployment");

public sealed class ResumeDeploymentConsumerDefinition() : DeploymentCommandDefinition<ResumeDeploymentConsumer>("orchestrator-resume-deployment");

public sealed class RedriveDeploymentConsumerDefinition() : DeploymentCommandDefinition<RedriveDeploymentConsumer>("orchestrator-redrive-deployment");

public sealed class RetryRollbackConsumerDefinition() : DeploymentCommandDefinition<RetryRollbackConsumer>("orchestrator-retry-rollback");

public sealed class SkipRollbackConsumerDefinition() : DeploymentCommandDefinition<SkipRollbackConsumer>("orchestrator-skip-rollback");
