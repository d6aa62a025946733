using MassTransit;
using Orchestrator.Contracts.Actions;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// The life of a deployment. Every pair of state and event is decided here: handled, ignored because it is late, or
/// refused with a text. What an event does to the row and what else it writes is in <see cref="DeploymentMoves"/>.
/// </summary>
public sealed class DeploymentStateMachine : MassTransitStateMachine<Deployment>
{
    public DeploymentStateMachine()
    {
        InstanceState(deployment => deployment.State);
        Initially(When(Execute).Then(c => c.Saga.Begin(c.Message)).TransitionTo(Running));
        During(Running, AnyForward(Running));
        During(Suspended, AnyForward(Suspended));
        During(Rollback, AnyBackward(Rollback));
        During(RollbackSuspended, AnyBackward(RollbackSuspended));
        During(Running, When(Stop).Then(c => c.Saga.Stop()).WhenItRollsBack(this, Rollback));
        During(Suspended, When(Stop).TransitionTo(Running).Then(c => c.Saga.Stop()).WhenItRollsBack(this, Rollback));
        During([Rollback, RollbackSuspended, Finished], When(Stop).Refuse("it can be stopped only before it rolls back"));
        During(Running, When(Suspend).IfElse(
            c => c.Saga.IsStopRequested,
            stopping => stopping.Refuse("it is being stopped"),
            going => going.Then(c => c.Saga.Suspend()).TransitionTo(Suspended)));
        During(Rollback, When(Suspend).Then(c => c.Saga.Suspend()).TransitionTo(RollbackSuspended));
        During([Suspended, RollbackSuspended, Finished], When(Suspend).Refuse("only one that goes on can be suspended"));
        During(Suspended, When(Resume).Then(c => c.Saga.Resume()).TransitionTo(Running));
        During(RollbackSuspended, When(Resume).Then(c => c.Saga.Resume()).TransitionTo(Rollback));
        During([Running, Rollback, Finished], When(Resume).Refuse("only a suspended one can be resumed"));
        FinishedOnes();
        During(
            [Running, Suspended, Rollback, RollbackSuspended],
            When(Redrive).Refuse("only one that finished without success can be redriven"),
            When(RetryRollback).Refuse("only a failed rollback can be retried"),
            When(SkipRollback).Refuse("only handlers that failed can be skipped"));
        During([Running, Suspended, Rollback, RollbackSuspended, Finished], Ignore(Execute));
    }

    /// <summary>Jobs run forward.</summary>
    public State Running { get; private set; } = null!;

    /// <summary>No further job begins.</summary>
    public State Suspended { get; private set; } = null!;

    /// <summary>Handlers run backward.</summary>
    public State Rollback { get; private set; } = null!;

    /// <summary>No further handler begins.</summary>
    public State RollbackSuspended { get; private set; } = null!;

    /// <summary>The end, with an outcome.</summary>
    public State Finished { get; private set; } = null!;

    public Event<ExecuteAction> Execute { get; private set; } = null!;
    public Event<StopDeployment> Stop { get; private set; } = null!;
    public Event<SuspendDeployment> Suspend { get; private set; } = null!;
    public Event<ResumeDeployment> Resume { get; private set; } = null!;
    public Event<RedriveDeployment> Redrive { get; private set; } = null!;
    public Event<RetryRollback> RetryRollback { get; private set; } = null!;
    public Event<SkipRollback> SkipRollback { get; private set; } = null!;
    public Event<JobSucceeded> JobSucceeded { get; private set; } = null!;
    public Event<JobFailed> JobFailed { get; private set; } = null!;
    public Event<JobUndone> JobUndone { get; private set; } = null!;
    public Event<JobUndoFailed> JobUndoFailed { get; private set; } = null!;
    public Event<AttemptLost> AttemptLost { get; private set; } = null!;
    public Event<JobListUnknown> JobListUnknown { get; private set; } = null!;

    private EventActivities<Deployment>[] AnyForward(State here)
    {
        var rollback = here == Suspended ? RollbackSuspended : Rollback;
        return
        [
            When(JobSucceeded, IsCurrent).Then(c => c.Saga.Succeed(c.Message)).WhenItRollsBack(this, rollback),
            When(JobFailed, IsCurrent).Then(c => c.Saga.Fail(c.Message)).WhenItRollsBack(this, rollback),
            When(AttemptLost, IsCurrent).Then(c => c.Saga.Lose(c.Message)).WhenItRollsBack(this, rollback),
            When(JobListUnknown, IsCurrent).Then(c => c.Saga.GiveUp(c.Message)).WhenItRollsBack(this, rollback),
            Ignore(JobUndone),
            Ignore(JobUndoFailed),
        ];
    }

    private EventActivities<Deployment>[] AnyBackward(State here) =>
    [
        When(JobUndone, IsCurrent).Then(c => c.Saga.Undo(c.Message)).WhenItRollsBack(this, here),
        When(JobUndoFailed, IsCurrent).Then(c => c.Saga.FailToUndo(c.Message)).WhenItRollsBack(this, here),
        When(AttemptLost, IsCurrent).Then(c => c.Saga.Lose(c.Message)).WhenItRollsBack(this, here),
        When(JobListUnknown, IsCurrent).Then(c => c.Saga.GiveUp(c.Message)).WhenItRollsBack(this, here),
        Ignore(JobSucceeded),
        Ignore(JobFailed),
    ];

    private void FinishedOnes() => During(
        Finished,
        When(Redrive).IfElse(
            c => c.Saga.Outcome is DeploymentOutcome.Succeeded,
            done => done.Refuse("only one that finished without success can be redriven"),
            failed => failed.Then(c => c.Saga.Redrive(c.Message)).WhenItGoesOn(this)),
        When(RetryRollback).IfElse(
            c => c.Saga.Outcome is DeploymentOutcome.RollbackFailed,
            failed => failed.Then(c => c.Saga.RetryRollback()).WhenItGoesOn(this),
            other => other.Refuse("only a failed rollback can be retried")),
        When(SkipRollback).IfElse(
            c => c.Saga.Outcome is DeploymentOutcome.RollbackFailed,
            failed => failed.Then(c => c.Saga.SkipRollback(c.Message)).WhenItGoesOn(this),
            other => other.Refuse("only handlers that failed can be skipped")),
        Ignore(JobSucceeded),
        Ignore(JobFailed),
        Ignore(JobUndone),
        Ignore(JobUndoFailed),
        Ignore(AttemptLost),
        Ignore(JobListUnknown));

    private static bool IsCurrent<T>(BehaviorContext<Deployment, T> context)
        where T : class, IAttemptFact =>
        context.Saga.IsAttemptOpen && context.Saga.Attempt == context.Message.Attempt;
}

internal static class DeploymentBinders
{
    public static EventActivityBinder<Deployment, T> Refuse<T>(this EventActivityBinder<Deployment, T> source, string why)
        where T : class =>
        source.Then(c => c.Saga.Step.Refusal = why);

    /// <summary>The status, which the moves set, decides where the deployment goes.</summary>
    public static EventActivityBinder<Deployment, T> WhenItRollsBack<T>(
        this EventActivityBinder<Deployment, T> source, DeploymentStateMachine machine, State rollback)
        where T : class =>
        source
            .If(c => c.Saga.Status is DeploymentStatus.Rollback, moved => moved.TransitionTo(rollback))
            .If(c => c.Saga.Status is DeploymentStatus.Finished, moved => moved.TransitionTo(machine.Finished));

    public static EventActivityBinder<Deployment, T> WhenItGoesOn<T>(
        this EventActivityBinder<Deployment, T> source, DeploymentStateMachine machine)
        where T : class =>
        source
            .If(c => c.Saga.Status is DeploymentStatus.Running, moved => moved.TransitionTo(machine.Running))
            .If(c => c.Saga.Status is DeploymentStatus.Rollback, moved => moved.TransitionTo(machine.Rollback));
}
