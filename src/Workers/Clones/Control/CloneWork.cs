using System.Diagnostics;
using Npgsql;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>
/// Does what a clone's row asks for and reports it to the clone's saga. The row decides, not the message that woke it up:
/// so a late or repeated message, or none at all after a crash, leads to the same.
/// </summary>
internal sealed class CloneWork(
    ICloneHost host, CloneRows rows, DurableTransactions transactions, CloneMetrics metrics, TimeProvider time, ILogger<CloneWork> logger)
{
    public const string BeforeWork = "clone-before-work";
    public const string BeforeReport = "clone-before-report";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Works until the row asks for nothing more. What may pass is tried again for as long as the row asks for it.</summary>
    public async Task RunAsync(Guid key, ActivityContext parent, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            CloneRow? row = null;
            try
            {
                row = await rows.ReadCloneAsync(key, cancellationToken);
                await RunAsync(key, row, parent, cancellationToken);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning("Clone {Clone} is tried again: {Reason}", row?.Id ?? key.ToString(), exception.GetBaseException().Message);
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private Task RunAsync(Guid key, CloneRow? row, ActivityContext parent, CancellationToken cancellationToken) => row switch
    {
        null => host.DestroyAsync(key, cancellationToken),
        { State: nameof(CloneStateMachine.Creating) } => DoAsync("create", row, parent, CreateAsync, cancellationToken),
        { State: nameof(CloneStateMachine.Resetting) } => DoAsync("reset", row, parent, ResetAsync, cancellationToken),
        { State: nameof(CloneStateMachine.Deleting) } => DoAsync("delete", row, parent, DeleteAsync, cancellationToken),
        { State: nameof(CloneStateMachine.Fatal), IsStored: false } => host.DestroyAsync(key, cancellationToken),
        _ => Task.CompletedTask,
    };

    private async Task DoAsync(
        string what, CloneRow row, ActivityContext parent, Func<CloneRow, CancellationToken, Task<object>> work, CancellationToken cancellationToken)
    {
        using var activity = OrchestratorActivity.Source.StartActivity($"clone {what}", ActivityKind.Internal, parent);
        activity?.SetTag("orchestrator.clone.id", row.Id).SetTag("orchestrator.clone.attempt", row.Attempt);
        var start = time.GetTimestamp();
        FailPoint.Pass(BeforeWork);
        object report;
        var isDone = false;
        try
        {
            report = await work(row, cancellationToken);
            isDone = true;
        }
        catch (CloneFailedException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            report = await FailedAsync(row, exception, cancellationToken);
        }

        metrics.Worked(what, isDone, time.GetElapsedTime(start));
        FailPoint.Pass(BeforeReport);
        await ReportAsync(report, cancellationToken);
    }

    private async Task<object> CreateAsync(CloneRow row, CancellationToken cancellationToken) => Built(row, await host.CreateAsync(
        new CloneSpec
        {
            CloneId = row.Key,
            SnapshotId = SnapshotOf(row),
            UserName = row.Username,
            Verifier = row.Verifier,
            Database = row.DbName ?? "postgres",
            IsRestricted = row.IsRestricted,
            Settings = row.Settings,
        },
        cancellationToken));

    private async Task<object> ResetAsync(CloneRow row, CancellationToken cancellationToken) =>
        Built(row, await host.ResetAsync(new CloneReset(row.Key, SnapshotOf(row), row.Revision), cancellationToken));

    private async Task<object> DeleteAsync(CloneRow row, CancellationToken cancellationToken)
    {
        await host.DestroyAsync(row.Key, cancellationToken);
        return new CloneRemoved { CloneId = row.Key, Attempt = row.Attempt };
    }

    private async Task<object> FailedAsync(CloneRow row, CloneFailedException exception, CancellationToken cancellationToken)
    {
        var detail = exception.Hint.Length > 0 ? $"{exception.Message} {exception.Hint}" : exception.Message;
        if (row.State is nameof(CloneStateMachine.Deleting))
            return new CloneRemovalFailed { CloneId = row.Key, Attempt = row.Attempt, Code = exception.Code, Detail = detail };
        // A clone that could not be reset may be as it was; a fatal one keeps nothing.
        await host.DestroyAsync(row.Key, cancellationToken);
        return new CloneBuildFailed { CloneId = row.Key, Attempt = row.Attempt, Code = exception.Code, Detail = detail };
    }

    private static Guid SnapshotOf(CloneRow row) =>
        row.SnapshotKey ?? throw new CloneFailedException(CloneFailure.SnapshotNotFound, "Its snapshot is gone.");

    /// <summary>The report of a clone that runs.</summary>
    public CloneBuilt Built(CloneRow row, CloneReport report) => new()
    {
        CloneId = row.Key,
        Attempt = row.Attempt,
        Host = report.Host,
        Port = report.Port,
        DbName = row.DbName ?? "postgres",
        ReadyAt = time.GetUtcNow(),
    };

    /// <summary>Commits a report to the outbox; with it, it is on its way.</summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public async Task ReportAsync(object report, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        switch (report)
        {
            case CloneBuilt built:
                transaction.Publish(Envelope.Command(built, time.GetUtcNow()));
                break;
            case CloneBuildFailed failed:
                transaction.Publish(Envelope.Command(failed, time.GetUtcNow()));
                break;
            case CloneRemoved removed:
                transaction.Publish(Envelope.Command(removed, time.GetUtcNow()));
                break;
            case CloneRemovalFailed failed:
                transaction.Publish(Envelope.Command(failed, time.GetUtcNow()));
                break;
            default:
                throw new ArgumentException($"{report} is no report.", nameof(report));
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
