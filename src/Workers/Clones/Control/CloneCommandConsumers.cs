using MassTransit;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>Carries out one command that came by bus. A refusal is an event: it commits alone, in place of the effect.</summary>
public sealed class CloneCommandIntake(SingleMessage single)
{
    internal async Task HandleAsync<T, TRefused>(
        ConsumeContext<T> context, string consumer, Func<DurableTransaction, string, Task> handle, Func<CloneRefusedException, TRefused> refused)
        where T : class
        where TRefused : class
    {
        var actor = context.ReceiveContext.Publisher() ?? "bus";
        try
        {
            await single.HandleAsync(context, consumer, transaction => handle(transaction, actor));
        }
        catch (CloneRefusedException exception)
        {
            await single.HandleAsync(context, consumer, transaction =>
            {
                transaction.Publish(refused(exception));
                return Task.CompletedTask;
            });
        }
    }

    internal static CloneRefused Clone(string id, CloneRefusedException exception) => new() { Id = id, Code = exception.Code, Detail = exception.Message };

    internal static SnapshotRefused Snapshot(string? id, CloneRefusedException exception) =>
        new() { Id = id ?? "", Code = exception.Code, Detail = exception.Message };
}

/// <summary>Makes a clone.</summary>
public sealed class CreateCloneConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<CreateClone>
{
    public Task Consume(ConsumeContext<CreateClone> context) => intake.HandleAsync(
        context, "create-clone",
        (transaction, actor) => commands.CreateAsync(transaction, context.Message, actor, context.CancellationToken),
        exception => CloneCommandIntake.Clone(context.Message.Id, exception));
}

/// <summary>Changes what is kept about a clone.</summary>
public sealed class UpdateCloneConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<UpdateClone>
{
    public Task Consume(ConsumeContext<UpdateClone> context) => intake.HandleAsync(
        context, "update-clone",
        (transaction, actor) => commands.UpdateAsync(transaction, context.Message, actor, context.CancellationToken),
        exception => CloneCommandIntake.Clone(context.Message.Id, exception));
}

/// <summary>Resets a clone.</summary>
public sealed class ResetCloneConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<ResetClone>
{
    public Task Consume(ConsumeContext<ResetClone> context) => intake.HandleAsync(
        context, "reset-clone",
        (transaction, actor) => commands.ResetAsync(transaction, context.Message, actor, context.CancellationToken),
        exception => CloneCommandIntake.Clone(context.Message.Id, exception));
}

/// <summary>Deletes a clone.</summary>
public sealed class DeleteCloneConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<DeleteClone>
{
    public Task Consume(ConsumeContext<DeleteClone> context) => intake.HandleAsync(
        context, "delete-clone",
        (transaction, actor) => commands.DeleteAsync(transaction, context.Message, actor, context.CancellationToken),
        exception => CloneCommandIntake.Clone(context.Message.Id, exception));
}

/// <summary>Makes a snapshot.</summary>
public sealed class CreateSnapshotConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<CreateSnapshot>
{
    public Task Consume(ConsumeContext<CreateSnapshot> context) => intake.HandleAsync(
        context, "create-snapshot",
        (transaction, actor) => commands.CreateAsync(transaction, context.Message, live: null, actor, context.CancellationToken),
        exception => CloneCommandIntake.Snapshot(context.Message.Id, exception));
}

/// <summary>Changes what is kept about a snapshot.</summary>
public sealed class UpdateSnapshotConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<UpdateSnapshot>
{
    public Task Consume(ConsumeContext<UpdateSnapshot> context) => intake.HandleAsync(
        context, "update-snapshot",
        (transaction, actor) => commands.UpdateAsync(transaction, context.Message, actor, context.CancellationToken),
        exception => CloneCommandIntake.Snapshot(context.Message.Id, exception));
}

/// <summary>Deletes a snapshot.</summary>
public sealed class DeleteSnapshotConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<DeleteSnapshot>
{
    public Task Consume(ConsumeContext<DeleteSnapshot> context) => intake.HandleAsync(
        context, "delete-snapshot",
        (transaction, actor) => commands.DeleteAsync(transaction, context.Message, actor, context.CancellationToken),
        exception => CloneCommandIntake.Snapshot(context.Message.Id, exception));
}

/// <summary>Makes a new snapshot of a source.</summary>
public sealed class RefreshSnapshotConsumer(CloneCommandIntake intake, CloneCommands commands) : IConsumer<RefreshSnapshot>
{
    public Task Consume(ConsumeContext<RefreshSnapshot> context) => intake.HandleAsync(
        context, "refresh-snapshot",
        (transaction, actor) => commands.RefreshAsync(transaction, context.Message.Source, actor, context.CancellationToken),
        exception => CloneCommandIntake.Snapshot(null, exception));
}
