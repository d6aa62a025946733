using System.Diagnostics;
using Npgsql;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Actions;

/// <summary>Runs one attempt and says what became of it.</summary>
public sealed class AttemptRunner(
    ActionCatalogue catalogue, IServiceScopeFactory scopes, NpgsqlDataSource source, OutboxOwner owner, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>How long a job that was cancelled because of a timeout may take to end by itself.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Null when there is nothing to report: another worker has the step.</summary>
    public async Task<IAttemptFact?> RunAsync(RunningAttempt running)
    {
        var claimed = running.Claimed;
        using var span = Begin(claimed);
        var store = new StateStore(claimed.Store);
        JobContext? context = null;
        var policy = JobPolicy.Default;
        try
        {
            var action = await catalogue.DefinitionAsync(claimed.Hash, running.CancellationToken) ?? throw new RestoreWithoutActionException();
            var job = action.Jobs[action.IndexOf(claimed.Job)];
            policy = job.EffectivePolicy;
            await using var scope = scopes.CreateAsyncScope();
            context = new JobContext(
                claimed.Identity, new AttemptData(source, owner, claimed.DeploymentId, claimed.Attempt), store,
                scope.ServiceProvider, loggers.CreateLogger($"Orchestrator.Actions.{action.Key.Name}"), running.CancellationToken)
            {
                Time = time,
            };
            var output = await WithinTimeoutsAsync(running, context, policy, Run(claimed, job, context));
            var noted = Noted(context);
            return claimed.IsRollback
                ? new JobUndone(claimed.Attempt, store.Write(), noted)
                : new JobSucceeded(claimed.Attempt, output!, store.Write(), noted);
        }
        catch (Exception exception)
        {
            return Failed(running, exception, context, store, policy, span);
        }
    }

    private static Task<JobValue?> Run(ClaimedAttempt claimed, JobDefinition job, JobContext context)
    {
        return claimed.IsRollback ? UndoAsync() : ExecuteAsync();

        async Task<JobValue?> ExecuteAsync() => await JobRun.ExecuteAsync(job, claimed.Input, context);

        async Task<JobValue?> UndoAsync()
        {
            if (job.Rollback is { } rollback)
                await rollback(context, claimed.Failure ?? new JobFailure(claimed.Job, "", ""));
            return null;
        }
    }

    private async Task<JobValue?> WithinTimeoutsAsync(RunningAttempt running, JobContext context, JobPolicy policy, Task<JobValue?> job)
    {
        if (policy.Timeout is null && policy.HeartbeatTimeout is null)
            return await job;
        using var over = new CancellationTokenSource();
        var watch = WatchAsync(running, context, policy, over.Token);
        if (await Task.WhenAny(job, watch) != job)
            await Task.WhenAny(job, Task.Delay(Patience, time));
        await over.CancelAsync();
        if (job.IsCompleted)
            return await job;
        // It ignores its token. What it still does is fenced off, and nobody waits for it.
        _ = job.ContinueWith(static left => _ = left.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        throw new OperationCanceledException("The job ignores its cancellation.", running.CancellationToken);
    }

    private async Task WatchAsync(RunningAttempt running, JobContext context, JobPolicy policy, CancellationToken over)
    {
        var began = time.GetUtcNow();
        while (!running.CancellationToken.IsCancellationRequested)
        {
            var now = time.GetUtcNow();
            var sign = context.LastSign > began ? context.LastSign : began;
            var timeout = policy.Timeout is { } most ? began + most : DateTimeOffset.MaxValue;
            var heartbeat = policy.HeartbeatTimeout is { } silence ? sign + silence : DateTimeOffset.MaxValue;
            var next = timeout < heartbeat ? timeout : heartbeat;
            if (now >= next)
            {
                running.Cancel(timeout <= heartbeat ? CancelReason.TimedOut : CancelReason.HeartbeatMissed);
                return;
            }

            await Task.Delay(next - now < TimeSpan.FromDays(1) ? next - now : TimeSpan.FromDays(1), time, over)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (over.IsCancellationRequested)
                return;
        }
    }

    private static IAttemptFact? Failed(
        RunningAttempt running, Exception exception, JobContext? context, StateStore store, JobPolicy policy, Activity? span)
    {
        var claimed = running.Claimed;
        if (exception is AttemptFencedException || running.Reason is CancelReason.Fenced)
            return null;
        var isCancelled = exception is OperationCanceledException && running.CancellationToken.IsCancellationRequested;
        if (isCancelled && running.Reason is CancelReason.WorkerStops)
            return new AttemptLost(claimed.Attempt, IsHandedBack: true, Limit: int.MaxValue);
        var error = isCancelled ? Reason(running.Reason, policy) ?? exception : exception;
        span?.SetStatus(ActivityStatusCode.Error, error.Message);
        span?.AddException(error);
        var most = claimed.IsRollback ? policy.RollbackAttempts : policy.Attempts;
        TimeSpan? pause = claimed.Try < most && policy.IsRetryable(error) && running.Reason is not CancelReason.StoppedByUser
            ? policy.PauseAfter(claimed.Try, Random.Shared.NextDouble())
            : null;
        var (text, state, noted) = (Text(error), Stored(store, claimed), Noted(context));
        return claimed.IsRollback
            ? new JobUndoFailed(claimed.Attempt, text, state, noted, pause)
            : new JobFailed(claimed.Attempt, text, error.GetType().Name, state, noted, pause);
    }

    private static ActionException? Reason(CancelReason reason, JobPolicy policy) => reason switch
    {
        CancelReason.StoppedByUser => new ExecutionStoppedException(),
        CancelReason.TimedOut => new AttemptTimedOutException(policy.Timeout!.Value),
        CancelReason.HeartbeatMissed => new HeartbeatMissedException(policy.HeartbeatTimeout!.Value),
        _ => null,
    };

    // A state that cannot be written must not hide the error that ended the job.
    private static JobValue? Stored(StateStore store, ClaimedAttempt claimed)
    {
        try
        {
            return store.Write();
        }
        catch (ActionException)
        {
            return claimed.Store;
        }
    }

    private static IReadOnlyList<string> Noted(JobContext? context) => context is null ? [] : [.. context.Errors.Select(error => Clean(error.Message))];

    private static string Text(Exception error) => Clean(error.Message.Length > 0 ? error.Message : error.GetType().Name);

    // No text column takes a NUL, and no JSON a broken surrogate.
    private static string Clean(string text) => new([.. text.EnumerateRunes().SelectMany(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString())]);

    private static Activity? Begin(ClaimedAttempt claimed)
    {
        var span = OrchestratorActivity.Source.StartActivity(
            ActivityKind.Consumer, DeploymentEngine.ParseTrace(claimed.TraceParent), name: $"{(claimed.IsRollback ? "rollback" : "job")} {claimed.Job}");
        return span?.SetTag("orchestrator.deployment.id", claimed.DeploymentId)
            .SetTag("orchestrator.action", claimed.Action)
            .SetTag("orchestrator.job", claimed.Job)
            .SetTag("orchestrator.attempt", claimed.Attempt)
            .SetTag("orchestrator.group.id", claimed.GroupId);
    }
}
