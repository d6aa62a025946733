using MassTransit;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Actions;

/// <summary>Begins deployments.</summary>
public sealed class ExecuteActionConsumer(
    SingleMessage single, DeploymentEngine engine, ActionCatalogue catalogue, ActionRegistry registry) : IConsumer<ExecuteAction>
{
    public Task Consume(ConsumeContext<ExecuteAction> context) => single.HandleAsync(context, "execute-action", async transaction =>
    {
        var command = context.Message;
        JobList list;
        try
        {
            list = await catalogue.FindAsync(command.Application, command.Action, context.CancellationToken);
        }
        catch (ActionNotFoundException exception)
        {
            transaction.Publish(Refused(command.DeploymentId, "ACTION_NOT_FOUND", exception.Message));
            return;
        }

        if (ActionInputs.Problem(registry, list, command.Input) is { } problem)
        {
            transaction.Publish(Refused(command.DeploymentId, "INVALID_INPUT", problem));
            return;
        }

        var begin = new DeploymentEvent(command.DeploymentId, command)
        {
            Actor = context.ReceiveContext.Publisher(),
            Jobs = list,
            Trace = context.Trace(),
        };
        await engine.ApplyAsync(transaction, [begin], context.CancellationToken);
    });

    internal static DeploymentRefused Refused(Guid id, string code, string detail) => new() { DeploymentId = id, Code = code, Detail = detail };
}

/// <summary>Takes a command to a deployment. One that overtook the command that begins it waits a few seconds for that.</summary>
public abstract class DeploymentCommandConsumer<T>(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments, string consumer)
    : IConsumer<T>
    where T : class
{
    private const int Looks = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public async Task Consume(ConsumeContext<T> context)
    {
        var id = IdOf(context.Message);
        for (var look = 1; look < Looks && !await deployments.ExistsAsync(id, context.CancellationToken); look++)
            await Task.Delay(Pause, context.CancellationToken);
        await single.HandleAsync(context, consumer, transaction => ApplyAsync(transaction, context, id));
    }

    protected abstract Guid IdOf(T command);

    private async Task ApplyAsync(DurableTransaction transaction, ConsumeContext<T> context, Guid id)
    {
        var item = new DeploymentEvent(id, context.Message) { Actor = context.ReceiveContext.Publisher() };
        try
        {
            var move = (await engine.ApplyAsync(transaction, [item], context.CancellationToken))[0];
            if (move.Deployment is null)
                transaction.Publish(ExecuteActionConsumer.Refused(id, "DEPLOYMENT_NOT_FOUND", $"There is no deployment {id}."));
            else if (move.Refusal is { } refusal)
                transaction.Publish(ExecuteActionConsumer.Refused(id, "ILLEGAL_TRANSITION", refusal));
        }
        catch (RestoreWithoutDeploymentException exception)
        {
            transaction.Publish(ExecuteActionConsumer.Refused(id, "DEPLOYMENT_NOT_FOUND", $"There is no deployment {id}: {exception.Message}."));
        }
    }
}

public sealed class StopDeploymentConsumer(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments)
    : DeploymentCommandConsumer<StopDeployment>(single, engine, deployments, "stop-deployment")
{
    protected override Guid IdOf(StopDeployment command) => command.DeploymentId;
}

public sealed class SuspendDeploymentConsumer(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments)
    : DeploymentCommandConsumer<SuspendDeployment>(single, engine, deployments, "suspend-deployment")
{
    protected override Guid IdOf(SuspendDeployment command) => command.DeploymentId;
}

public sealed class ResumeDeploymentConsumer(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments)
    : DeploymentCommandConsumer<ResumeDeployment>(single, engine, deployments, "resume-deployment")
{
    protected override Guid IdOf(ResumeDeployment command) => command.DeploymentId;
}

public sealed class RedriveDeploymentConsumer(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments)
    : DeploymentCommandConsumer<RedriveDeployment>(single, engine, deployments, "redrive-deployment")
{
    protected override Guid IdOf(RedriveDeployment command) => command.DeploymentId;
}

public sealed class RetryRollbackConsumer(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments)
    : DeploymentCommandConsumer<RetryRollback>(single, engine, deployments, "retry-rollback")
{
    protected override Guid IdOf(RetryRollback command) => command.DeploymentId;
}

public sealed class SkipRollbackConsumer(SingleMessage single, DeploymentEngine engine, DeploymentReader deployments)
    : DeploymentCommandConsumer<SkipRollback>(single, engine, deployments, "skip-rollback")
{
    protected override Guid IdOf(SkipRollback command) => command.DeploymentId;
}
