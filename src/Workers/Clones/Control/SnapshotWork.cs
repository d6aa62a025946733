using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>Does what a snapshot's row asks for and reports it to the snapshot's saga, as <see cref="CloneWork"/> does.</summary>
internal sealed class SnapshotWork(
    ISnapshotHost host, CloneRows rows, DurableTransactions transactions, IOptions<CloneOptions> options, CloneMetrics metrics, TimeProvider time,
    ILogger<SnapshotWork> logger)
{
    public const string BeforeWork = "snapshot-before-work";
    public const string BeforeReport = "snapshot-before-report";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Works until the row asks for nothing more. What may pass is tried again for as long as the row asks for it.</summary>
    public async Task RunAsync(Guid key, HostKey hostKey, ActivityContext parent, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await RunAsync(key, await rows.ReadSnapshotAsync(key, cancellationToken), hostKey, parent, cancellationToken);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning("Snapshot {Snapshot} is tried again: {Reason}", key, exception.GetBaseException().Message);
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(Guid key, SnapshotRow? row, HostKey hostKey, ActivityContext parent, CancellationToken cancellationToken)
    {
        switch (row)
        {
            case null or { State: nameof(SnapshotStateMachine.Fatal) }:
                await host.DestroyAsync(key, cancellationToken);
                break;
            case { State: nameof(SnapshotStateMachine.Making) }:
                await DoAsync("snapshot", row, parent, () => TakeAsync(row, hostKey, cancellationToken), cancellationToken);
                break;
            case { State: nameof(SnapshotStateMachine.Deleting), WaitsForClones: false }:
                await DoAsync("delete snapshot", row, parent, () => DeleteAsync(row, cancellationToken), cancellationToken);
                break;
        }
    }

    private async Task DoAsync(string what, SnapshotRow row, ActivityContext parent, Func<Task<object>> work, CancellationToken cancellationToken)
    {
        using var activity = OrchestratorActivity.Source.StartActivity($"clone {what}", ActivityKind.Internal, parent);
        activity?.SetTag("orchestrator.snapshot.key", row.Key).SetTag("orchestrator.snapshot.attempt", row.Attempt);
        var start = time.GetTimestamp();
        FailPoint.Pass(BeforeWork);
        object report;
        var isDone = false;
        try
        {
            report = await work();
            isDone = true;
        }
        catch (CloneFailedException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            report = Failed(row, exception.Code, exception.Hint.Length > 0 ? $"{exception.Message} {exception.Hint}" : exception.Message);
        }

        metrics.Worked(what, isDone, time.GetElapsedTime(start));
        FailPoint.Pass(BeforeReport);
        await ReportAsync(report, cancellationToken);
    }

    private async Task<object> TakeAsync(SnapshotRow row, HostKey hostKey, CancellationToken cancellationToken) => Taken(row, await host.TakeAsync(
        new SnapshotSpec
        {
            SnapshotId = row.Key,
            Live = row is { Dump: null, CloneKey: null } ? Live(row, hostKey) : null,
            Dump = row.Dump is { } path ? new DumpSource(path, row.DbName ?? "postgres") : null,
            CloneId = row.CloneKey,
        },
        cancellationToken));

    private async Task<object> DeleteAsync(SnapshotRow row, CancellationToken cancellationToken)
    {
        await host.DestroyAsync(row.Key, cancellationToken);
        return new SnapshotRemoved { SnapshotKey = row.Key, Attempt = row.Attempt };
    }

    private LiveSource Live(SnapshotRow row, HostKey hostKey)
    {
        var address = AddressOf(row, hostKey);
        return new LiveSource
        {
            Host = address.Host,
            Port = address.Port,
            User = address.User,
            Password = address.Password,
            Database = address.DbName,
            SslMode = address.SslMode,
        };
    }

    private SourceAddress AddressOf(SnapshotRow row, HostKey hostKey)
    {
        if (row.SourceName is { } name)
        {
            return options.Value.Sources.TryGetValue(name, out var source) && SourceAddress.TryParse(source.ConnectionString, out var configured, out _)
                ? configured
                : throw new CloneFailedException(CloneFailure.SourceUnavailable, $"Source {name} is not configured at this host.");
        }

        try
        {
            return JsonSerializer.Deserialize<SourceAddress>(hostKey.Open(row.SealedSource ?? []))!;
        }
        catch (CryptographicException)
        {
            throw new CloneFailedException(CloneFailure.SourceUnavailable, "The address of the source was sealed with another key than this host has.");
        }
    }

    private static object Failed(SnapshotRow row, string code, string detail) => row.State is nameof(SnapshotStateMachine.Deleting)
        ? new SnapshotRemovalFailed { SnapshotKey = row.Key, Attempt = row.Attempt, Code = code, Detail = detail }
        : new SnapshotFailed { SnapshotKey = row.Key, Attempt = row.Attempt, Code = code, Detail = detail };

    private static SnapshotTaken Taken(SnapshotRow row, SnapshotReport report) => new()
    {
        SnapshotKey = row.Key,
        Attempt = row.Attempt,
        DataStateAt = report.DataStateAt,
        PhysicalSize = report.PhysicalSize,
        LogicalSize = report.LogicalSize,
        PostgresVersion = report.PostgresVersion,
        Databases = report.Databases,
    };

    /// <summary>Commits a report to the outbox; with it, it is on its way.</summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public async Task ReportAsync(object report, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        switch (report)
        {
            case SnapshotTaken taken:
                transaction.Publish(Envelope.Command(taken, time.GetUtcNow()));
                break;
            case SnapshotFailed failed:
                transaction.Publish(Envelope.Command(failed, time.GetUtcNow()));
                break;
            case SnapshotRemoved removed:
                transaction.Publish(Envelope.Command(removed, time.GetUtcNow()));
                break;
            case SnapshotRemovalFailed failed:
                transaction.Publish(Envelope.Command(failed, time.GetUtcNow()));
                break;
            default:
                throw new ArgumentException($"{report} is no report.", nameof(report));
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
