using MassTransit;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Instances;

/// <summary>Makes an instance.</summary>
public sealed class ProvisionInstanceConsumer(SingleMessage single, InstanceSagas sagas) : IConsumer<ProvisionInstance>
{
    public Task Consume(ConsumeContext<ProvisionInstance> context) => single.HandleAsync(context, "provision-instance", async transaction =>
    {
        var outcome = await sagas.ProvisionAsync(transaction, context.Message, context.ReceiveContext.Publisher(), context.CancellationToken);
        // A repeat under another message id finds what the first one made.
        if (outcome.Refusal is { Code: not InstanceRefusal.Exists })
            transaction.Publish(Answers.Of(context.Message.InstanceId, outcome));
    });
}

/// <summary>Brings an instance to another state.</summary>
public sealed class UpdateInstanceConsumer(SingleMessage single, InstanceSagas sagas) : IConsumer<UpdateInstance>
{
    public Task Consume(ConsumeContext<UpdateInstance> context) => single.HandleAsync(context, "update-instance", async transaction =>
        Answers.Tell(transaction, context.Message.InstanceId, await sagas.CommandAsync(
            transaction, context.Message.InstanceId, sagas.Machine.Update, context.Message, context.Message.LeaseNonce,
            context.ReceiveContext.Publisher(), context.CancellationToken)));
}

/// <summary>Ends an instance.</summary>
public sealed class TerminateInstanceConsumer(SingleMessage single, InstanceSagas sagas) : IConsumer<TerminateInstance>
{
    public Task Consume(ConsumeContext<TerminateInstance> context) => single.HandleAsync(context, "terminate-instance", async transaction =>
        Answers.Tell(transaction, context.Message.InstanceId, await sagas.CommandAsync(
            transaction, context.Message.InstanceId, sagas.Machine.Terminate, context.Message, context.Message.LeaseNonce,
            context.ReceiveContext.Publisher(), context.CancellationToken)));
}

/// <summary>Ends all instances of an app.</summary>
public sealed class TerminateAppInstancesConsumer(SingleMessage single, AppStore apps, AppTermination termination) : IConsumer<TerminateAppInstances>
{
    public Task Consume(ConsumeContext<TerminateAppInstances> context) => single.HandleAsync(context, "terminate-app-instances", async transaction =>
    {
        if (!await apps.ExistsAsync(context.Message.AppId, context.CancellationToken))
            throw new InvalidMessageException("APP_NOT_FOUND", $"There is no app {context.Message.AppId}.");
        await termination.RunAsync(transaction, context.Message.AppId, context.ReceiveContext.Publisher(), context.CancellationToken);
    });
}

/// <summary>Forgets an instance.</summary>
public sealed class DeleteInstanceConsumer(SingleMessage single, InstanceSagas sagas) : IConsumer<DeleteInstance>
{
    public Task Consume(ConsumeContext<DeleteInstance> context) => single.HandleAsync(context, "delete-instance", async transaction =>
        Answers.Tell(transaction, context.Message.InstanceId, await sagas.DeleteAsync(
            transaction, context.Message, context.ReceiveContext.Publisher(), context.CancellationToken)));
}

/// <summary>Drains a node.</summary>
public sealed class DrainNodeConsumer(SingleMessage single, NodeTable nodes, Microsoft.Extensions.Options.IOptions<InstancesOptions> options) : IConsumer<DrainNode>
{
    public Task Consume(ConsumeContext<DrainNode> context) => single.HandleAsync(context, "drain-node", async transaction =>
    {
        var (node, deadline) = (context.Message.Node, context.Message.Deadline ?? options.Value.DrainDeadline);
        if (!await nodes.DrainAsync(transaction, node, deadline, context.ReceiveContext.Publisher(), context.CancellationToken))
            throw new InvalidMessageException("NODE_NOT_FOUND", $"There is no node {node}, or it is lost.");
    });
}

/// <summary>A step of an instance is overdue, or its restart is due.</summary>
public sealed class InstanceDueConsumer(InstanceUpkeep upkeep) : IConsumer<InstanceDue>
{
    // Not by the inbox: the instance's own time decides, so a repeat, an early or a late one does no harm.
    public Task Consume(ConsumeContext<InstanceDue> context) => upkeep.OverdueAsync(context.Message.InstanceId, context.CancellationToken);
}

internal static class Answers
{
    public static void Tell(DurableTransaction transaction, Guid instance, InstanceOutcome outcome)
    {
        if (outcome.Refusal is not null)
            transaction.Publish(Of(instance, outcome));
    }

    public static InstanceRefused Of(Guid instance, InstanceOutcome outcome) => new()
    {
        InstanceId = instance,
        Code = outcome.Refusal!.Code,
        Detail = outcome.Refusal.Detail,
        Status = outcome.Instance?.Status,
    };
}
