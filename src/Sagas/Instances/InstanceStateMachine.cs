using MassTransit;
using Orchestrator.Contracts.Instances;

namespace Orchestrator.Sagas.Instances;

/// <summary>
/// The life of an instance. Commands are refused where the matrix (<see cref="Statuses.After"/>) has no arrow; facts that
/// come late, twice or about an earlier attempt change nothing. Handled by <see cref="InstanceSagas"/>, wherever it came
/// from: one transaction a message.
/// </summary>
public sealed class InstanceStateMachine : MassTransitStateMachine<InstanceState>
{
    public State Provisioning { get; private set; } = null!;
    public State Running { get; private set; } = null!;
    public State Stopping { get; private set; } = null!;
    public State Stopped { get; private set; } = null!;
    public State Failed { get; private set; } = null!;
    public State Terminated { get; private set; } = null!;

    public Event<InstanceAccepted> Accepted { get; private set; } = null!;
    public Event<UpdateInstance> Update { get; private set; } = null!;
    public Event<TerminateInstance> Terminate { get; private set; } = null!;
    public Event<RoomAppeared> Room { get; private set; } = null!;
    public Event<ProgramStarted> Started { get; private set; } = null!;
    public Event<HealthPassed> Healthy { get; private set; } = null!;
    public Event<HealthLost> Unhealthy { get; private set; } = null!;
    public Event<ProgramEnded> Ended { get; private set; } = null!;
    public Event<StepOverdue> Overdue { get; private set; } = null!;
    public Event<EndAsked> Asked { get; private set; } = null!;
    public Event<EndDeclined> Declined { get; private set; } = null!;
    public Event<JobTaken> Taken { get; private set; } = null!;
    public Event<JobLeft> Left { get; private set; } = null!;
    public Event<NodeDrains> Drains { get; private set; } = null!;
    public Event<ReplacementRuns> Replaced { get; private set; } = null!;

    public InstanceStateMachine()
    {
        InstanceState(saga => saga.CurrentState);

        Initially(When(Accepted).Then(InstanceSteps.Begin).ThenAsync(InstanceSteps.PlaceAsync).TransitionTo(Provisioning));

        During(Provisioning,
            When(Room, c => c.Saga is { IsPlaced: false, InstanceStatus: Intents.Running }).ThenAsync(InstanceSteps.PlaceAsync),
            When(Started, IsCurrent).Then(InstanceSteps.NoteStart),
            When(Healthy, IsCurrent).Then(InstanceSteps.NoteRunning).TransitionTo(Running),
            When(Ended, IsCurrent).Then(InstanceSteps.NoteEnd).IfElse(
                c => c.Saga.InstanceStatus is Intents.Terminated,
                gone => gone.Then(InstanceSteps.Close).TransitionTo(Terminated),
                ended => ended.ThenAsync(InstanceSteps.FailAsync).TransitionTo(Failed)),
            When(Overdue).IfElse(
                c => c.Saga.InstanceStatus is Intents.Terminated,
                still => still.Then(InstanceSteps.KeepEnding),
                late => late.ThenAsync(InstanceSteps.EndWhatRunsAsync).Then(InstanceSteps.NameDeadline).ThenAsync(InstanceSteps.FailAsync).TransitionTo(Failed)),
            When(Terminate).Then(InstanceSteps.IntendEnd).IfElse(
                c => c.Saga.IsPlaced,
                placed => placed.ThenAsync(InstanceSteps.EndWhatRunsAsync),
                unplaced => unplaced.Then(InstanceSteps.Close).TransitionTo(Terminated)),
            When(Drains, c => c.Message.IsOverdue && c.Saga.InstanceStatus is Intents.Running)
                .ThenAsync(InstanceSteps.EndWhatRunsAsync).Then(InstanceSteps.NameDrain).ThenAsync(InstanceSteps.FailAsync).TransitionTo(Failed),
            Ignore(Accepted), Ignore(Unhealthy), Ignore(Asked), Ignore(Declined),
            When(Taken).Then(InstanceSteps.Bind),
            When(Left).Then(InstanceSteps.Unbind),
            Ignore(Replaced));

        During(Running,
            When(Ended, IsCurrent).Then(InstanceSteps.NoteEnd).ThenAsync(InstanceSteps.JudgeEndAsync).IfElse(
                c => c.Work().IsDone,
                done => done.Then(InstanceSteps.Close).TransitionTo(Terminated),
                failed => failed.ThenAsync(InstanceSteps.FailAsync).TransitionTo(Failed)),
            When(Unhealthy, IsCurrent).ThenAsync(InstanceSteps.EndWhatRunsAsync).Then(InstanceSteps.NameIllness).ThenAsync(InstanceSteps.FailAsync).TransitionTo(Failed),
            When(Terminate).Then(InstanceSteps.IntendEnd).IfElse(
                c => c.Saga.IsPlaced,
                placed => placed.ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping),
                unplaced => unplaced.Then(InstanceSteps.Close).TransitionTo(Terminated)),
            When(Asked, c => c.Saga is { IsBusy: false, AskedAt: null, IsPlaced: true }).ThenAsync(InstanceSteps.AskAsync),
            When(Declined, c => IsCurrent(c) && c.Saga.AskedAt is not null).IfElse(
                c => c.Message.CanAnswer || c.Saga.IsBusy,
                no => no.ThenAsync(InstanceSteps.TakeBackAskAsync),
                mute => mute.Then(InstanceSteps.IntendIdleEnd).ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping)),
            When(Taken).Then(InstanceSteps.Bind),
            When(Left, InstanceSteps.IsOfJob).Then(InstanceSteps.Unbind).If(
                c => c.Saga is { IsOfFlavor: true, IsPlaced: true },
                last => last.Then(InstanceSteps.IntendJobEnd).ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping)),
            When(Drains, c => c.Message.IsOverdue)
                .If(c => c.Saga is { IsOfFlavor: false, ReplacedBy: null }, late => late.Then(InstanceSteps.Move))
                .Then(InstanceSteps.IntendDrainEnd).ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping),
            When(Drains, c => !c.Message.IsOverdue && c.Saga is { IsOfFlavor: true, IsBusy: false, AskedAt: null }).ThenAsync(InstanceSteps.AskAsync),
            When(Drains, c => !c.Message.IsOverdue && c.Saga is { IsOfFlavor: false, ReplacedBy: null }).Then(InstanceSteps.Move),
            When(Replaced).Then(InstanceSteps.IntendMoveEnd).IfElse(
                c => c.Saga.IsPlaced,
                placed => placed.ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping),
                unplaced => unplaced.Then(InstanceSteps.Close).TransitionTo(Terminated)),
            Ignore(Accepted), Ignore(Room), Ignore(Started), Ignore(Healthy), Ignore(Overdue));

        During(Stopping,
            When(Ended, IsCurrent).Then(InstanceSteps.NoteEnd).IfElse(
                c => c.Saga.InstanceStatus is Intents.Stopped,
                stopped => stopped.Then(InstanceSteps.Rest).TransitionTo(Stopped),
                gone => gone.Then(InstanceSteps.Close).TransitionTo(Terminated)),
            When(Terminate).Then(InstanceSteps.IntendEnd),
            When(Overdue).Then(InstanceSteps.NameStopDeadline).Then(InstanceSteps.GiveUpStop).TransitionTo(Failed),
            When(Taken).Then(InstanceSteps.Bind),
            When(Left).Then(InstanceSteps.Unbind),
            Ignore(Accepted), Ignore(Room), Ignore(Started), Ignore(Healthy), Ignore(Unhealthy), Ignore(Asked), Ignore(Declined),
            Ignore(Drains), Ignore(Replaced));

        During(Stopped,
            When(Terminate).Then(InstanceSteps.IntendEnd).Then(InstanceSteps.Close).TransitionTo(Terminated),
            Ignore(Accepted), Ignore(Room), Ignore(Started), Ignore(Healthy), Ignore(Unhealthy), Ignore(Ended), Ignore(Overdue),
            Ignore(Asked), Ignore(Declined), Ignore(Taken), Ignore(Left), Ignore(Drains), Ignore(Replaced));

        During(Failed,
            When(Ended, IsCurrent).Then(InstanceSteps.NoteEnd).If(
                c => c.Saga.InstanceStatus is Intents.Terminated,
                gone => gone.Then(InstanceSteps.Close).TransitionTo(Terminated)),
            When(Overdue, c => c.Saga.InstanceStatus is Intents.Running).IfElse(
                c => c.Saga.IsPlaced,
                still => still.Then(InstanceSteps.KeepEnding),
                restart => restart.Then(InstanceSteps.CountRestart).ThenAsync(InstanceSteps.PlaceAsync).TransitionTo(Provisioning)),
            When(Terminate).Then(InstanceSteps.IntendEnd).If(
                c => !c.Saga.IsPlaced,
                gone => gone.Then(InstanceSteps.Close).TransitionTo(Terminated)),
            When(Left).Then(InstanceSteps.Unbind),
            Ignore(Accepted), Ignore(Room), Ignore(Started), Ignore(Healthy), Ignore(Unhealthy), Ignore(Asked), Ignore(Declined),
            Ignore(Taken), Ignore(Drains), Ignore(Replaced));

        During(Terminated,
            Ignore(Terminate), Ignore(Accepted), Ignore(Room), Ignore(Started), Ignore(Healthy), Ignore(Unhealthy), Ignore(Ended),
            Ignore(Overdue), Ignore(Asked), Ignore(Declined), Ignore(Taken), Ignore(Left), Ignore(Drains), Ignore(Replaced));

        Obey();
    }

    private static bool IsCurrent(BehaviorContext<InstanceState, ProgramStarted> c) => c.Message.Attempt == c.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<InstanceState, HealthPassed> c) => c.Message.Attempt == c.Saga.Attempt && c.Saga.InstanceStatus is Intents.Running;

    private static bool IsCurrent(BehaviorContext<InstanceState, HealthLost> c) => c.Message.Attempt == c.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<InstanceState, ProgramEnded> c) => c.Message.Attempt == c.Saga.Attempt;

    private static bool IsCurrent(BehaviorContext<InstanceState, EndDeclined> c) => c.Message.Attempt == c.Saga.Attempt;

    // The seed's update: the same command in each state, with the arrows that the matrix has there. A refusal changes nothing.
    private void Obey()
    {
        During(Provisioning, When(Update).Then(InstanceSteps.Check)
            .If(Wants(Statuses.Running), c => c.Then(InstanceSteps.NoteRunning).TransitionTo(Running))
            .If(Wants(Statuses.Failed), c => c.Then(InstanceSteps.NameReport).ThenAsync(InstanceSteps.EndWhatRunsAsync).Then(InstanceSteps.GiveUp).TransitionTo(Failed))
            .If(Wants(Statuses.Terminated), EndOrClose)
            .Then(InstanceSteps.NotePlace));
        During(Running, When(Update).Then(InstanceSteps.Check)
            .If(Wants(Statuses.Stopping), c => c.Then(InstanceSteps.IntendStop).IfElse(
                running => running.Saga.IsPlaced,
                placed => placed.ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping),
                unplaced => unplaced.TransitionTo(Stopping)))
            .If(Wants(Statuses.Failed), c => c.Then(InstanceSteps.NameReport).ThenAsync(InstanceSteps.EndWhatRunsAsync).Then(InstanceSteps.GiveUp).TransitionTo(Failed))
            .If(Wants(Statuses.Terminated), c => c.Then(InstanceSteps.IntendEnd).IfElse(
                running => running.Saga.IsPlaced,
                placed => placed.ThenAsync(InstanceSteps.EndWhatRunsAsync).TransitionTo(Stopping),
                unplaced => unplaced.Then(InstanceSteps.Close).TransitionTo(Terminated)))
            .Then(InstanceSteps.NotePlace));
        During(Stopping, When(Update).Then(InstanceSteps.Check)
            .If(Wants(Statuses.Stopped), c => c.Then(InstanceSteps.IntendStop).If(
                stopping => !stopping.Saga.IsPlaced, gone => gone.Then(InstanceSteps.Rest).TransitionTo(Stopped)))
            .If(Wants(Statuses.Failed), c => c.Then(InstanceSteps.NameReport).Then(InstanceSteps.GiveUp).TransitionTo(Failed))
            .If(Wants(Statuses.Terminated), EndOrClose)
            .Then(InstanceSteps.NotePlace));
        During(Stopped, When(Update).Then(InstanceSteps.Check)
            .If(Wants(Statuses.Provisioning), c => c.Then(InstanceSteps.StartAnew).ThenAsync(InstanceSteps.PlaceAsync).TransitionTo(Provisioning))
            .If(Wants(Statuses.Terminated), EndOrClose)
            .Then(InstanceSteps.NotePlace));
        During(Failed, When(Update).Then(InstanceSteps.Check)
            .If(Wants(Statuses.Provisioning), c => c.Then(InstanceSteps.StartAnew).If(
                failed => !failed.Saga.IsPlaced, free => free.ThenAsync(InstanceSteps.PlaceAsync).TransitionTo(Provisioning)))
            .If(Wants(Statuses.Terminated), EndOrClose)
            .Then(InstanceSteps.NotePlace));
        During(Terminated, When(Update).Then(InstanceSteps.Check));
    }

    private EventActivityBinder<InstanceState, UpdateInstance> EndOrClose(EventActivityBinder<InstanceState, UpdateInstance> binder) =>
        binder.Then(InstanceSteps.IntendEnd).IfElse(
            c => c.Saga.IsPlaced,
            placed => placed.ThenAsync(InstanceSteps.EndWhatRunsAsync),
            unplaced => unplaced.Then(InstanceSteps.Close).TransitionTo(Terminated));

    private static StateMachineCondition<InstanceState, UpdateInstance> Wants(string status) => c =>
        string.Equals(c.Work().Target, status, StringComparison.Ordinal);
}
