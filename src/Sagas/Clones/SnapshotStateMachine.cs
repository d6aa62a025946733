using MassTransit;
using Orchestrator.Contracts.Clones;

namespace Orchestrator.Sagas.Clones;

/// <summary>The life of a snapshot. What is said of <see cref="CloneStateMachine"/> holds here too.</summary>
public sealed class SnapshotStateMachine : MassTransitStateMachine<SnapshotState>
{
    public SnapshotStateMachine(SnapshotSteps steps)
    {
        InstanceState(snapshot => snapshot.State);
        DeclareCommands();
        DeclareReports();

        Initially(When(CreationAsked).ThenAsync(steps.AdmitAsync).TransitionTo(Making));
        During(
            Making,
            When(Taken, IsCurrent).Then(steps.Taken).TransitionTo(Ready),
            When(Failed, IsCurrent).Then(steps.CreationFailed).TransitionTo(Fatal),
            When(DeadlinePassed, IsCurrent).Then(steps.CreationTimedOut).TransitionTo(Fatal));
        During(Ready, When(Failed, IsCurrent).Then(steps.Lost).TransitionTo(Fatal));
        During(
            Deleting,
            When(CloneGone).ThenAsync(steps.GoOnWithoutClonesAsync),
            When(Removed, IsCurrent).Then(steps.Deleted).Finalize(),
            When(RemovalFailed, IsCurrent).Then(steps.DeletionFailed).TransitionTo(Fatal),
            When(DeadlinePassed, IsCurrent).Then(steps.DeletionTimedOut).TransitionTo(Fatal));
        During(
            [Making, Ready, Fatal],
            When(DeletionAsked).ThenAsync(steps.BeginDeletionAsync)
                .IfElse(steps.IsForgotten, gone => gone.Then(steps.Forgotten).Finalize(), begun => begun.TransitionTo(Deleting)),
            When(Due).ThenAsync(steps.ConsiderDueAsync).If(steps.IsDue, due => due.TransitionTo(Deleting)),
            When(UpdateAsked).ThenAsync(steps.UpdateAsync),
            When(LeaseExpired).ThenAsync(steps.EndLeaseAsync));

        // Decided, and nothing to do.
        During([Making, Ready, Deleting, Fatal], When(CreationAsked).Then(steps.RefuseTwice));
        During(Deleting, When(UpdateAsked).Then(steps.RefuseUpdate), Ignore(DeletionAsked), Ignore(Due), Ignore(LeaseExpired), Ignore(Taken), Ignore(Failed));
        During([Ready, Fatal], Ignore(DeadlinePassed), Ignore(Taken));
        During(Fatal, Ignore(Failed));
        During([Making, Ready, Fatal], Ignore(CloneGone), Ignore(Removed), Ignore(RemovalFailed));
        SetCompletedWhenFinalized();
    }

    public State Making { get; private set; } = null!;
    public State Ready { get; private set; } = null!;
    public State Deleting { get; private set; } = null!;
    public State Fatal { get; private set; } = null!;

    public Event<Asked<NewSnapshot>> CreationAsked { get; private set; } = null!;
    public Event<Asked<UpdateSnapshot>> UpdateAsked { get; private set; } = null!;
    public Event<Asked<DeleteSnapshot>> DeletionAsked { get; private set; } = null!;
    public Event<SnapshotTaken> Taken { get; private set; } = null!;
    public Event<SnapshotFailed> Failed { get; private set; } = null!;
    public Event<SnapshotRemoved> Removed { get; private set; } = null!;
    public Event<SnapshotRemovalFailed> RemovalFailed { get; private set; } = null!;
    public Event<SnapshotDeadlinePassed> DeadlinePassed { get; private set; } = null!;
    public Event<SnapshotLeaseExpired> LeaseExpired { get; private set; } = null!;
    public Event<SnapshotDue> Due { get; private set; } = null!;
    public Event<CloneDeleted> CloneGone { get; private set; } = null!;

    private void DeclareCommands()
    {
        Event(() => CreationAsked, e =>
        {
            e.CorrelateBy((snapshot, context) => snapshot.Id == context.Message.Command.Id).SelectId(context => context.Message.NewId);
            e.ConfigureConsumeTopology = false;
        });
        Event(() => UpdateAsked, e =>
        {
            e.CorrelateBy((snapshot, context) => snapshot.Id == context.Message.Command.Id).OnMissingInstance(m => m.Execute(c => throw Missing(c.Message.Command.Id)));
            e.ConfigureConsumeTopology = false;
        });
        Event(() => DeletionAsked, e =>
        {
            e.CorrelateBy((snapshot, context) => snapshot.Id == context.Message.Command.Id).OnMissingInstance(m => m.Execute(c => throw Missing(c.Message.Command.Id)));
            e.ConfigureConsumeTopology = false;
        });
    }

    private void DeclareReports()
    {
        Event(() => Taken, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => Failed, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => Removed, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => RemovalFailed, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => DeadlinePassed, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => LeaseExpired, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => Due, e => e.CorrelateById(context => context.Message.SnapshotKey).OnMissingInstance(m => m.Discard()));
        Event(() => CloneGone, e => e.CorrelateBy((snapshot, context) => snapshot.Id == context.Message.SnapshotId).OnMissingInstance(m => m.Discard()));
    }

    private static CloneRefusedException Missing(string id) => new(CloneCodes.NotFound, $"There is no snapshot {id}.");

    private static bool IsCurrent(BehaviorContext<SnapshotState, SnapshotTaken> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<SnapshotState, SnapshotFailed> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<SnapshotState, SnapshotRemoved> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<SnapshotState, SnapshotRemovalFailed> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<SnapshotState, SnapshotDeadlinePassed> context) => context.Message.Attempt == context.Saga.Attempt;
}
