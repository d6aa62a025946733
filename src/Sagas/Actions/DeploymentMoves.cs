using System.Text.Json;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions;

/// <summary>What events do to a deployment. Pure: they change the row in memory and note in its step what else is to be written.</summary>
internal static class DeploymentMoves
{
    public static void Begin(this Deployment deployment, ExecuteAction command)
    {
        var first = deployment.Step.Jobs.Jobs[0].Name;
        deployment.CurrentJob = first;
        deployment.Note("started", first);
        deployment.Step.Events.Add(new DeploymentStarted
        {
            DeploymentId = deployment.CorrelationId,
            Application = deployment.Application,
            Action = deployment.Action,
            GroupId = deployment.GroupId,
        });
        var input = command.Input is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } given ? new JobValue(InputType(deployment.Step.Jobs), given.GetRawText()) : JobValue.Empty;
        deployment.Step.Input = new JobInput(first, input);
        deployment.Schedule(TimeSpan.Zero);
    }

    public static void Succeed(this Deployment deployment, JobSucceeded fact)
    {
        deployment.End(fact.Attempt, AttemptOutcome.Succeeded, error: null, fact.Store, fact.Errors);
        if (deployment.IsStopRequested)
        {
            deployment.BeginRollback(ExecutionStoppedException.Text, nameof(ExecutionStoppedException));
            return;
        }

        deployment.Note("job-succeeded", deployment.CurrentJob);
        var next = deployment.Step.Jobs.IndexOf(deployment.CurrentJob) + 1;
        if (next == deployment.Step.Jobs.Jobs.Count)
        {
            (deployment.OutputType, deployment.Output) = (fact.Output.Type, fact.Output.Json);
            deployment.Finish(DeploymentOutcome.Succeeded);
            return;
        }

        deployment.Enter(deployment.Step.Jobs.Jobs[next].Name);
        deployment.Step.Input = new JobInput(deployment.CurrentJob, fact.Output);
        deployment.ScheduleUnlessSuspended(TimeSpan.Zero);
    }

    public static void Fail(this Deployment deployment, JobFailed fact)
    {
        var isRetried = fact.RetryAfter is not null && !deployment.IsStopRequested;
        // What an attempt noted that is made again, it will note again.
        deployment.End(fact.Attempt, AttemptOutcome.Failed, fact.Error, fact.Store, isRetried ? [] : fact.Errors);
        if (deployment.IsStopRequested)
            deployment.BeginRollback(ExecutionStoppedException.Text, nameof(ExecutionStoppedException));
        else if (fact.RetryAfter is { } pause)
            deployment.TryAgain(pause, fact.Error);
        else
            deployment.BeginRollback(fact.Error, fact.ErrorType);
    }

    public static void Undo(this Deployment deployment, JobUndone fact)
    {
        deployment.End(fact.Attempt, AttemptOutcome.Succeeded, error: null, fact.Store, fact.Errors);
        deployment.Note("job-rolled-back", deployment.CurrentJob);
        deployment.PendingRollbacks.Remove(deployment.CurrentJob);
        deployment.GoOnBackward();
    }

    public static void FailToUndo(this Deployment deployment, JobUndoFailed fact)
    {
        deployment.End(fact.Attempt, AttemptOutcome.Failed, fact.Error, fact.Store, fact.RetryAfter is null ? fact.Errors : []);
        if (fact.RetryAfter is { } pause)
        {
            deployment.TryAgain(pause, fact.Error);
            return;
        }

        deployment.FailHandler(fact.Error);
    }

    public static void Lose(this Deployment deployment, AttemptLost fact)
    {
        deployment.End(fact.Attempt, AttemptOutcome.Lost, fact.IsHandedBack ? "its worker stopped" : "its worker is gone");
        if (!fact.IsHandedBack)
            deployment.Losses++;
        deployment.Note("worker-lost", deployment.CurrentJob);
        var isForward = deployment.Status is DeploymentStatus.Running;
        if (isForward && deployment.IsStopRequested)
            deployment.BeginRollback(ExecutionStoppedException.Text, nameof(ExecutionStoppedException));
        else if (deployment.Losses < fact.Limit)
            deployment.ScheduleUnlessSuspended(TimeSpan.Zero);
        else if (isForward)
            deployment.BeginRollback($"the worker died {deployment.Losses} times while it ran the job", "WorkerLost");
        else
            deployment.FailHandler($"the worker died {deployment.Losses} times while it ran the handler");
    }

    public static void GiveUp(this Deployment deployment, JobListUnknown fact)
    {
        deployment.End(fact.Attempt, AttemptOutcome.Withdrawn, "no worker knows the list of jobs");
        deployment.Incident = $"No worker has known the list of jobs {deployment.Hash} of action {deployment.Action} for {fact.Bound}. "
            + $"Start a worker that has it, or one whose list has job {deployment.CurrentJob}, and redrive the deployment.";
        deployment.Finish(DeploymentOutcome.Incompatible);
    }

    public static void Stop(this Deployment deployment)
    {
        deployment.IsStopRequested = true;
        deployment.Note("stop-requested", deployment.CurrentJob);
        if (deployment.IsAttemptOpen && deployment.Step.IsClaimed)
            return;
        deployment.Withdraw();
        deployment.BeginRollback(ExecutionStoppedException.Text, nameof(ExecutionStoppedException));
    }

    public static void Suspend(this Deployment deployment)
    {
        deployment.Note("suspended", deployment.CurrentJob);
        if (!deployment.Step.IsClaimed)
            deployment.Withdraw();
    }

    public static void Resume(this Deployment deployment)
    {
        deployment.Note("resumed", deployment.CurrentJob);
        if (!deployment.IsAttemptOpen)
            deployment.Schedule(TimeSpan.Zero);
    }

    public static void Redrive(this Deployment deployment, RedriveDeployment command)
    {
        var list = deployment.Step.Jobs;
        var wasIncompatible = deployment.Outcome is DeploymentOutcome.Incompatible;
        var last = wasIncompatible ? deployment.CurrentJob : deployment.FailedJob ?? deployment.CurrentJob;
        var job = command.Job ?? last;
        if (list.IndexOf(job) < 0 || list.IndexOf(job) > list.IndexOf(last))
        {
            deployment.Step.Refusal = $"it can be redriven from {last}, or a job before it, not from '{job}'";
            return;
        }

        deployment.Note("redriven", job);
        deployment.Reopen();
        if (wasIncompatible && command.Job is null && deployment.RollbackError is not null)
        {
            deployment.Status = DeploymentStatus.Rollback;
            deployment.Enter(deployment.CurrentJob);
        }
        else
        {
            deployment.Status = DeploymentStatus.Running;
            (deployment.RollbackError, deployment.RollbackErrorType, deployment.FailedJob) = (null, null, null);
            (deployment.PendingRollbacks, deployment.FailedRollbacks, deployment.IsStopRequested) = ([], [], false);
            deployment.Enter(job);
        }

        deployment.Schedule(TimeSpan.Zero);
    }

    public static void RetryRollback(this Deployment deployment)
    {
        deployment.Note("rollback-retried", string.Join(", ", deployment.FailedRollbacks));
        deployment.PendingRollbacks = [.. deployment.FailedRollbacks, .. deployment.PendingRollbacks];
        deployment.FailedRollbacks = [];
        deployment.Reopen();
        deployment.Status = DeploymentStatus.Rollback;
        deployment.GoOnBackward();
    }

    public static void SkipRollback(this Deployment deployment, SkipRollback command)
    {
        if (command.Job is { } job && !deployment.FailedRollbacks.Contains(job, StringComparer.Ordinal))
        {
            deployment.Step.Refusal = $"the handler of '{job}' did not fail, but those of {string.Join(", ", deployment.FailedRollbacks)} did";
            return;
        }

        deployment.Note("rollback-skipped", command.Job ?? string.Join(", ", deployment.FailedRollbacks));
        deployment.FailedRollbacks = command.Job is null
            ? []
            : [.. deployment.FailedRollbacks.Where(failed => !string.Equals(failed, command.Job, StringComparison.Ordinal))];
        deployment.Reopen();
        deployment.Status = DeploymentStatus.Rollback;
        if (deployment.FailedRollbacks.Count > 0 && deployment.Step.Jobs.StopsAtRollbackFailure)
            deployment.FinishRollback();
        else
            deployment.GoOnBackward();
    }

    private static string InputType(JobList list) => list.InputType is DataTypes.NilAlias ? "json" : list.InputType;

    private static void TryAgain(this Deployment deployment, TimeSpan pause, string error)
    {
        deployment.Tries++;
        deployment.Note("retried", $"{deployment.CurrentJob}: {error}");
        deployment.ScheduleUnlessSuspended(pause);
    }

    private static void BeginRollback(this Deployment deployment, string error, string errorType)
    {
        deployment.Step.Errors.Add(new JobError(deployment.CurrentJob, error));
        deployment.Note("job-failed", $"{deployment.CurrentJob}: {error}");
        (deployment.RollbackError, deployment.RollbackErrorType, deployment.FailedJob) = (error, errorType, deployment.CurrentJob);
        deployment.PendingRollbacks = deployment.Step.Jobs.RollbacksFrom(deployment.CurrentJob);
        deployment.FailedRollbacks = [];
        deployment.Status = DeploymentStatus.Rollback;
        deployment.GoOnBackward();
    }

    private static void FailHandler(this Deployment deployment, string error)
    {
        deployment.Step.Errors.Add(new JobError(deployment.CurrentJob, $"rollback: {error}"));
        deployment.Note("rollback-failed", $"{deployment.CurrentJob}: {error}");
        deployment.PendingRollbacks.Remove(deployment.CurrentJob);
        deployment.FailedRollbacks.Add(deployment.CurrentJob);
        if (deployment.Step.Jobs.StopsAtRollbackFailure)
            deployment.FinishRollback();
        else
            deployment.GoOnBackward();
    }

    private static void GoOnBackward(this Deployment deployment)
    {
        if (deployment.PendingRollbacks is not [var next, ..])
        {
            deployment.FinishRollback();
            return;
        }

        deployment.Enter(next);
        deployment.ScheduleUnlessSuspended(TimeSpan.Zero);
    }

    private static void FinishRollback(this Deployment deployment)
    {
        if (deployment.FailedRollbacks.Count > 0)
        {
            deployment.Incident = $"The rollback handler of {string.Join(", ", deployment.FailedRollbacks)} failed. Retry it, or undo by hand what it should have and skip it.";
            deployment.Finish(DeploymentOutcome.RollbackFailed);
            return;
        }

        deployment.CurrentJob = deployment.Step.Jobs.Jobs[0].Name;
        deployment.Finish(deployment.RollbackErrorType is nameof(ExecutionStoppedException) ? DeploymentOutcome.Stopped : DeploymentOutcome.RolledBack);
    }

    private static void Finish(this Deployment deployment, string outcome)
    {
        (deployment.Status, deployment.Outcome, deployment.IsAttemptOpen) = (DeploymentStatus.Finished, outcome, false);
        // Of the last step: once it is over, nobody need know that a worker died over it.
        deployment.Losses = 0;
        deployment.Note("finished", outcome);
        deployment.Step.Events.Add(new DeploymentFinished
        {
            DeploymentId = deployment.CorrelationId,
            Application = deployment.Application,
            Action = deployment.Action,
            GroupId = deployment.GroupId,
            Outcome = outcome,
            RollbackError = deployment.RollbackError,
        });
    }

    private static void Reopen(this Deployment deployment) =>
        (deployment.Outcome, deployment.Incident, deployment.FinishedAt) = (null, null, null);

    private static void Enter(this Deployment deployment, string job) =>
        (deployment.CurrentJob, deployment.Tries, deployment.Losses) = (job, 0, 0);

    private static void End(this Deployment deployment, int attempt, string outcome, string? error)
    {
        deployment.IsAttemptOpen = false;
        deployment.Step.Ended = new EndedAttempt(attempt, outcome, error);
    }

    private static void End(
        this Deployment deployment, int attempt, string outcome, string? error, JobValue? store, IReadOnlyList<string> noted)
    {
        deployment.End(attempt, outcome, error);
        (deployment.StoreType, deployment.Store) = (store?.Type, store?.Json);
        foreach (var text in noted)
            deployment.Step.Errors.Add(new JobError(deployment.CurrentJob, text));
    }

    private static void Withdraw(this Deployment deployment)
    {
        if (deployment.IsAttemptOpen)
            deployment.End(deployment.Attempt, AttemptOutcome.Withdrawn, error: null);
    }

    private static void ScheduleUnlessSuspended(this Deployment deployment, TimeSpan delay)
    {
        if (deployment.State is not (nameof(DeploymentStateMachine.Suspended) or nameof(DeploymentStateMachine.RollbackSuspended)))
            deployment.Schedule(delay);
    }

    private static void Schedule(this Deployment deployment, TimeSpan delay)
    {
        deployment.Attempt++;
        deployment.IsAttemptOpen = true;
        deployment.Step.Begun = new NewAttempt(
            deployment.Attempt, deployment.CurrentJob, deployment.Status is DeploymentStatus.Rollback, deployment.Tries + 1, delay);
    }

    private static void Note(this Deployment deployment, string what, string? reason) =>
        deployment.Step.Lines.Add(new TimelineLine(what, reason));
}
