using System.Diagnostics;
using MassTransit;
using Orchestrator.Contracts.Clones;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>Wakes this host's agent up for a clone. The work outlasts the delivery: the clone's row holds what is to be done.</summary>
internal sealed class WorkOnCloneConsumer(CloneAgent agent) : IConsumer<WorkOnClone>
{
    public Task Consume(ConsumeContext<WorkOnClone> context)
    {
        agent.Begin(context.Message.CloneId, Activity.Current?.Context ?? default);
        return Task.CompletedTask;
    }
}

/// <summary>Wakes this host's agent up for a snapshot.</summary>
internal sealed class WorkOnSnapshotConsumer(CloneAgent agent) : IConsumer<WorkOnSnapshot>
{
    public Task Consume(ConsumeContext<WorkOnSnapshot> context)
    {
        agent.BeginSnapshot(context.Message.SnapshotKey, Activity.Current?.Context ?? default);
        return Task.CompletedTask;
    }
}
