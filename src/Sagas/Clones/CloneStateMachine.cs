using MassTransit;
using Orchestrator.Contracts.Clones;

namespace Orchestrator.Sagas.Clones;

/// <summary>
/// The life of a clone. Commands come within the process, in the transaction of the request or message that brought
/// them; a refused one throws <see cref="CloneRefusedException"/>. The host's reports and the timeouts come by bus, and
/// count only while they answer the clone's current attempt.
/// </summary>
public sealed class CloneStateMachine : MassTransitStateMachine<CloneState>
{
    public CloneStateMachine(CloneSteps steps)
    {
        InstanceState(clone => clone.State);
        DeclareCommands();
        DeclareReports();

        Initially(When(CreationAsked).ThenAsync(steps.AdmitAsync).TransitionTo(Creating));
        During(
            Creating,
            When(Built, IsCurrent).Then(steps.Created).TransitionTo(Ready),
            When(BuildFailed, IsCurrent).Then(steps.CreationFailed).TransitionTo(Fatal),
            When(HostLost, IsCurrent).Then(steps.LostWhileWorking).TransitionTo(Fatal),
            When(DeadlinePassed, IsCurrent).Then(steps.CreationTimedOut).TransitionTo(Fatal));
        During(
            Ready,
            When(ResetAsked).ThenAsync(steps.BeginResetAsync).TransitionTo(Resetting),
            When(Built, IsCurrent).Then(steps.StillThere),
            When(BuildFailed, IsCurrent).Then(steps.Lost).TransitionTo(Fatal),
            When(HostLost, IsCurrent).Then(steps.LostWithHost).TransitionTo(Fatal));
        During(
            Resetting,
            When(Built, IsCurrent).Then(steps.ResetDone).TransitionTo(Ready),
            When(BuildFailed, IsCurrent).Then(steps.ResetFailed).TransitionTo(Fatal),
            When(HostLost, IsCurrent).Then(steps.LostWhileWorking).TransitionTo(Fatal),
            When(DeadlinePassed, IsCurrent).Then(steps.ResetTimedOut).TransitionTo(Fatal));
        During(
            Fatal,
            When(Built, IsCurrentAndStored).Then(steps.Recovered).TransitionTo(Ready),
            When(BuildFailed, IsCurrentAndStored).Then(steps.NotRecovered));
        During(
            Deleting,
            When(Removed, IsCurrent).Then(steps.Deleted).Finalize(),
            When(RemovalFailed, IsCurrent).Then(steps.DeletionFailed).TransitionTo(Fatal),
            When(HostLost, IsCurrent).Then(steps.DeletionLost).TransitionTo(Fatal),
            When(DeadlinePassed, IsCurrent).Then(steps.DeletionTimedOut).TransitionTo(Fatal));

        // What holds in every state but the last.
        During(
            [Creating, Ready, Resetting, Fatal],
            When(DeletionAsked).ThenAsync(steps.BeginDeletionAsync)
                .IfElse(steps.IsForgotten, gone => gone.Then(steps.Forgotten).Finalize(), begun => begun.TransitionTo(Deleting)),
            When(Due).ThenAsync(steps.ConsiderDueAsync).If(steps.IsDue, due => due.TransitionTo(Deleting)),
            When(UpdateAsked).ThenAsync(steps.UpdateAsync),
            When(LeaseExpired).ThenAsync(steps.EndLeaseAsync));

        // Decided, and nothing to do.
        During([Creating, Ready, Resetting, Deleting, Fatal], When(CreationAsked).Then(steps.RefuseTwice));
        During([Creating, Resetting, Deleting, Fatal], When(ResetAsked).Then(steps.RefuseReset));
        During(Deleting, When(UpdateAsked).Then(steps.RefuseUpdate), Ignore(DeletionAsked), Ignore(Due), Ignore(LeaseExpired), Ignore(Built), Ignore(BuildFailed));
        During([Ready, Fatal], Ignore(DeadlinePassed));
        During(Fatal, Ignore(HostLost));
        During([Creating, Ready, Resetting, Fatal], Ignore(Removed), Ignore(RemovalFailed));
        SetCompletedWhenFinalized();
    }

    public State Creating { get; private set; } = null!;
    public State Ready { get; private set; } = null!;
    public State Resetting { get; private set; } = null!;
    public State Deleting { get; private set; } = null!;
    public State Fatal { get; private set; } = null!;

    public Event<Asked<CreateClone>> CreationAsked { get; private set; } = null!;
    public Event<Asked<UpdateClone>> UpdateAsked { get; private set; } = null!;
    public Event<Asked<ResetClone>> ResetAsked { get; private set; } = null!;
    public Event<Asked<DeleteClone>> DeletionAsked { get; private set; } = null!;
    public Event<CloneBuilt> Built { get; private set; } = null!;
    public Event<CloneBuildFailed> BuildFailed { get; private set; } = null!;
    public Event<CloneRemoved> Removed { get; private set; } = null!;
    public Event<CloneRemovalFailed> RemovalFailed { get; private set; } = null!;
    public Event<CloneHostLost> HostLost { get; private set; } = null!;
    public Event<CloneDeadlinePassed> DeadlinePassed { get; private set; } = null!;
    public Event<CloneLeaseExpired> LeaseExpired { get; private set; } = null!;
    public Event<CloneDue> Due { get; private set; } = null!;

    private void DeclareCommands()
    {
        Event(() => CreationAsked, e =>
        {
            e.CorrelateBy((clone, context) => clone.Id == context.Message.Command.Id).SelectId(context => context.Message.NewId);
            e.ConfigureConsumeTopology = false;
        });
        Event(() => UpdateAsked, e =>
        {
            e.CorrelateBy((clone, context) => clone.Id == context.Message.Command.Id).OnMissingInstance(m => m.Execute(c => throw Missing(c.Message.Command.Id)));
            e.ConfigureConsumeTopology = false;
        });
        Event(() => ResetAsked, e =>
        {
            e.CorrelateBy((clone, context) => clone.Id == context.Message.Command.Id).OnMissingInstance(m => m.Execute(c => throw Missing(c.Message.Command.Id)));
            e.ConfigureConsumeTopology = false;
        });
        Event(() => DeletionAsked, e =>
        {
            e.CorrelateBy((clone, context) => clone.Id == context.Message.Command.Id).OnMissingInstance(m => m.Execute(c => throw Missing(c.Message.Command.Id)));
            e.ConfigureConsumeTopology = false;
        });
    }

    // Of a clone that is gone they mean nothing.
    private void DeclareReports()
    {
        Event(() => Built, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => BuildFailed, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => Removed, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => RemovalFailed, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => HostLost, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => DeadlinePassed, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => LeaseExpired, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
        Event(() => Due, e => e.CorrelateById(context => context.Message.CloneId).OnMissingInstance(m => m.Discard()));
    }

    private static CloneRefusedException Missing(string id) => new(CloneCodes.NotFound, $"There is no clone {id}.");

    private static bool IsCurrent(BehaviorContext<CloneState, CloneBuilt> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<CloneState, CloneBuildFailed> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<CloneState, CloneRemoved> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<CloneState, CloneRemovalFailed> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<CloneState, CloneHostLost> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<CloneState, CloneDeadlinePassed> context) => context.Message.Attempt == context.Saga.Attempt;

    private static bool IsCurrentAndStored(BehaviorContext<CloneState, CloneBuilt> context) => IsCurrent(context) && context.Saga.IsStored;

    private static bool IsCurrentAndStored(BehaviorContext<CloneState, CloneBuildFailed> context) => IsCurrent(context) && context.Saga.IsStored;
}
