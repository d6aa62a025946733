using System.Diagnostics;
using Npgsql;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>How a host works on clones and snapshots: for as long as it takes, in the trace of who asked, with a report at the end.</summary>
internal sealed class CloneTasks(DurableTransactions transactions, CloneMetrics metrics, TimeProvider time, ILogger<CloneTasks> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Works until it succeeds, or until the host stops; what fails is tried again, and looks anew what there is to do.</summary>
    public async Task UntilDoneAsync(string what, Func<Task> work, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await work();
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning("{What} is tried again: {Reason}", what, exception.GetBaseException().Message);
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Does one piece of work and commits what came of it.</summary>
    public async Task DoAsync(CloneTask task, CancellationToken cancellationToken)
    {
        using var activity = OrchestratorActivity.Source.StartActivity($"clone {task.What}", ActivityKind.Internal, task.Parent);
        activity?.SetTag($"orchestrator.{task.Kind}.id", task.Id).SetTag($"orchestrator.{task.Kind}.attempt", task.Attempt);
        var start = time.GetTimestamp();
        FailPoint.Pass(task.BeforeWork);
        OutboxMessage report;
        var isDone = false;
        try
        {
            report = await task.Work();
            isDone = true;
        }
        catch (CloneFailedException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            report = await task.Failed(exception.Code, exception.Hint.Length > 0 ? $"{exception.Message} {exception.Hint}" : exception.Message);
        }

        metrics.Worked(task.What, isDone, time.GetElapsedTime(start));
        FailPoint.Pass(task.BeforeReport);
        await SendAsync(report, cancellationToken);
    }

    /// <summary>A report of now.</summary>
    public OutboxMessage Report<T>(T report)
        where T : class => Envelope.Command(report, time.GetUtcNow());

    /// <summary>Commits a report to the outbox; with it, it is on its way.</summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public async Task SendAsync(OutboxMessage report, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        transaction.Publish(report);
        await transaction.CommitAsync(cancellationToken);
    }
}

/// <summary>One piece of work on a clone or a snapshot.</summary>
internal sealed record CloneTask
{
    /// <summary>clone or snapshot.</summary>
    public required string Kind { get; init; }

    public required string What { get; init; }

    public required string Id { get; init; }

    public required int Attempt { get; init; }

    /// <summary>The context of the message that asked for it.</summary>
    public required ActivityContext Parent { get; init; }

    /// <summary>Gives the report of what was done.</summary>
    public required Func<Task<OutboxMessage>> Work { get; init; }

    /// <summary>Gives the report of a failure: its code, and what to tell.</summary>
    public required Func<string, string, Task<OutboxMessage>> Failed { get; init; }

    /// <summary>Fail points of tests.</summary>
    public string BeforeWork => $"{Kind}-before-work";

    /// <inheritdoc cref="BeforeWork"/>
    public string BeforeReport => $"{Kind}-before-report";
}
