using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Actions;

namespace Orchestrator.Workers.Actions;

/// <summary>
/// The attempts that run in this process, outside any delivery: a message is acknowledged when its attempt is claimed,
/// and the attempt may then take as long as it likes.
/// </summary>
public sealed class JobExecutor(AttemptRunner runner, AttemptReports reports, IOptions<ActionsOptions> options, ILogger<JobExecutor> logger)
{
    private readonly ConcurrentDictionary<(Guid, int), RunningAttempt> _running = new();
    private volatile bool _isStopping;

    /// <summary>Told when an attempt has ended.</summary>
    public event EventHandler? Ended;

    /// <summary>How many more attempts may be claimed.</summary>
    public int Free => _isStopping ? 0 : Math.Max(0, options.Value.MaxConcurrentJobs - _running.Count);

    public IReadOnlyCollection<RunningAttempt> Running => [.. _running.Values];

    /// <summary>Begins to run attempts that this worker has claimed.</summary>
    public void Start(IReadOnlyList<ClaimedAttempt> claimed)
    {
        // They belong to their deployments' traces, not to that of the message that happened to bring them.
        using var flow = ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow();
        foreach (var attempt in claimed)
        {
            var running = new RunningAttempt(attempt);
            if (_running.TryAdd((attempt.DeploymentId, attempt.Attempt), running))
                running.Task = Task.Run(() => RunAsync(running));
        }
    }

    /// <summary>Lets jobs finish for a while, then cancels them and hands them back.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        _isStopping = true;
        await Task.WhenAny(Task.WhenAll(Running.Select(running => running.Task)), Task.Delay(grace));
        foreach (var running in Running)
            running.Cancel(CancelReason.WorkerStops);
        await Task.WhenAny(Task.WhenAll(Running.Select(running => running.Task)), Task.Delay(TimeSpan.FromSeconds(3)));
    }

    private async Task RunAsync(RunningAttempt running)
    {
        var attempt = running.Claimed;
        try
        {
            if (await runner.RunAsync(running) is { } fact)
                await reports.ReportAsync(new DeploymentEvent(attempt.DeploymentId, fact));
        }
        catch (OperationCanceledException)
        {
            // The worker stops; another one finds the attempt lost.
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "Attempt {Attempt} of job {Job} of deployment {Deployment} is left", attempt.Attempt, attempt.Job, attempt.DeploymentId);
        }
        finally
        {
            _running.TryRemove((attempt.DeploymentId, attempt.Attempt), out _);
            running.Dispose();
            Ended?.Invoke(this, EventArgs.Empty);
        }
    }
}

/// <summary>Why an attempt is cancelled.</summary>
public enum CancelReason
{
    None,
    StoppedByUser,
    TimedOut,
    HeartbeatMissed,
    WorkerStops,

    /// <summary>It is another worker's now.</summary>
    Fenced,
}

/// <summary>An attempt that runs.</summary>
public sealed class RunningAttempt(ClaimedAttempt claimed) : IDisposable
{
    private readonly CancellationTokenSource _cancelling = new();
    private int _reason;

    public ClaimedAttempt Claimed => claimed;

    public Task Task { get; set; } = Task.CompletedTask;

    public CancellationToken CancellationToken => _cancelling.Token;

    /// <summary>The first reason for which it was cancelled.</summary>
    public CancelReason Reason => (CancelReason)_reason;

    public void Cancel(CancelReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, (int)reason, (int)CancelReason.None) != (int)CancelReason.None)
            return;
        try
        {
            _cancelling.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended.
        }
        catch (AggregateException)
        {
            // A callback of the job threw; the job is cancelled all the same.
        }
    }

    public void Dispose() => _cancelling.Dispose();
}
