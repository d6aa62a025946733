using System.Threading.Channels;
using Npgsql;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Actions;

/// <summary>
/// Commits what became of attempts: whatever is there to report goes into one transaction, so that many deployments share
/// a commit when there are many, and one does not wait when it is alone.
/// </summary>
public sealed class AttemptReports(DurableTransactions transactions, DeploymentEngine engine, ILogger<AttemptReports> logger) : BackgroundService
{
    private const int Writers = 2;
    private const int BatchSize = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private readonly Channel<Report> _reports = Channel.CreateUnbounded<Report>();
    private Task _writing = Task.CompletedTask;

    /// <summary>Completes when the event is committed, or turned out to be late.</summary>
    /// <exception cref="OperationCanceledException">The process stops first: another worker finds the attempt lost.</exception>
    public async Task ReportAsync(DeploymentEvent item)
    {
        var report = new Report(item);
        if (!_reports.Writer.TryWrite(report))
            throw new OperationCanceledException("The worker stops.");
        await report.Done.Task;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _reports.Writer.TryComplete();
        await Task.WhenAny(_writing, Task.Delay(DrainTime, cancellationToken));
        await base.StopAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        _writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync(stoppingToken)));

    private async Task WriteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Report>(BatchSize);
        try
        {
            while (await _reports.Reader.WaitToReadAsync(stoppingToken))
            {
                batch.Clear();
                while (batch.Count < BatchSize && _reports.Reader.TryRead(out var report))
                    batch.Add(report);
                await WriteAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            foreach (var report in batch)
                report.Done.TrySetCanceled(CancellationToken.None);
        }
    }

    private async Task WriteAsync(IReadOnlyList<Report> batch, CancellationToken stoppingToken)
    {
        var isAway = false;
        while (true)
        {
            try
            {
                await CommitAsync([.. batch.Select(report => report.Event)], stoppingToken);
                foreach (var report in batch)
                    report.Done.TrySetResult();
                return;
            }
            catch (Exception exception) when (Transient.Is(exception) && !stoppingToken.IsCancellationRequested)
            {
                if (!isAway)
                    logger.LogWarning("What became of {Count} jobs has to wait: {Reason}", batch.Count, exception.GetBaseException().Message);
                isAway = true;
                await Task.Delay(Pause, stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException && batch.Count > 1)
            {
                // Some value is one that Postgres refuses, say. One by one, so that it fails alone.
                foreach (var report in batch)
                    await WriteAsync([report], stoppingToken);
                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException && batch[0].AsFailure(exception) is { } failure)
            {
                logger.LogError(exception, "What job {Deployment} returned cannot be stored", batch[0].Event.DeploymentId);
                batch = [failure];
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                logger.LogError(exception, "Deployment {Deployment} cannot be moved", batch[0].Event.DeploymentId);
                batch[0].Done.TrySetException(exception);
                return;
            }
        }
    }

    private async Task CommitAsync(IReadOnlyList<DeploymentEvent> events, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await engine.ApplyAsync(transaction, events, cancellationToken);
        FailPoint.Pass(FailPoint.JobDone, events.Count);
        await transaction.CommitAsync(cancellationToken);
        FailPoint.Pass(FailPoint.JobReported, events.Count);
    }

    private sealed record Report(DeploymentEvent Event)
    {
        public TaskCompletionSource Done { get; init; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The failure that stands for an outcome which the database refuses; null when that is a failure already.</summary>
        public Report? AsFailure(Exception exception)
        {
            var text = $"what the job returned cannot be stored: {(exception as PostgresException)?.MessageText ?? exception.Message}";
            IAttemptFact? fact = Event.Message switch
            {
                JobSucceeded succeeded => new JobFailed(succeeded.Attempt, text, exception.GetType().Name, Store: null, [], RetryAfter: null),
                JobUndone undone => new JobUndoFailed(undone.Attempt, text, Store: null, [], RetryAfter: null),
                _ => null,
            };
            return fact is null ? null : this with { Event = Event with { Message = fact } };
        }
    }
}
