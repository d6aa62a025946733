using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>Does what a snapshot's row asks for and reports it to the snapshot's saga, as <see cref="CloneWork"/> does.</summary>
internal sealed class SnapshotWork(ISnapshotHost host, CloneRows rows, CloneTasks tasks, IOptions<CloneOptions> options)
{
    /// <summary>Works until the row asks for nothing more. What may pass is tried again for as long as the row asks for it.</summary>
    public Task RunAsync(Guid key, HostKey hostKey, ActivityContext parent, CancellationToken cancellationToken) => tasks.UntilDoneAsync(
        $"Snapshot {key}", async () => await RunAsync(key, await rows.ReadSnapshotAsync(key, cancellationToken), hostKey, parent, cancellationToken), cancellationToken);

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

    private Task DoAsync(string what, SnapshotRow row, ActivityContext parent, Func<Task<OutboxMessage>> work, CancellationToken cancellationToken) =>
        tasks.DoAsync(
            new CloneTask
            {
                Kind = "snapshot",
                What = what,
                Id = row.Key.ToString(),
                Attempt = row.Attempt,
                Parent = parent,
                Work = work,
                Failed = (code, detail) => Task.FromResult(Failed(row, code, detail)),
            },
            cancellationToken);

    private async Task<OutboxMessage> TakeAsync(SnapshotRow row, HostKey hostKey, CancellationToken cancellationToken) => Taken(row, await host.TakeAsync(
        new SnapshotSpec
        {
            SnapshotId = row.Key,
            Live = row is { Dump: null, CloneKey: null } ? Live(row, hostKey) : null,
            Dump = row.Dump is { } path ? new DumpSource(path, row.DbName ?? "postgres") : null,
            CloneId = row.CloneKey,
        },
        cancellationToken));

    private async Task<OutboxMessage> DeleteAsync(SnapshotRow row, CancellationToken cancellationToken)
    {
        await host.DestroyAsync(row.Key, cancellationToken);
        return tasks.Report(new SnapshotRemoved { SnapshotKey = row.Key, Attempt = row.Attempt });
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

    private OutboxMessage Failed(SnapshotRow row, string code, string detail) => row.State is nameof(SnapshotStateMachine.Deleting)
        ? tasks.Report(new SnapshotRemovalFailed { SnapshotKey = row.Key, Attempt = row.Attempt, Code = code, Detail = detail })
        : tasks.Report(new SnapshotFailed { SnapshotKey = row.Key, Attempt = row.Attempt, Code = code, Detail = detail });

    private OutboxMessage Taken(SnapshotRow row, SnapshotReport report) => tasks.Report(new SnapshotTaken
    {
        SnapshotKey = row.Key,
        Attempt = row.Attempt,
        DataStateAt = report.DataStateAt,
        PhysicalSize = report.PhysicalSize,
        LogicalSize = report.LogicalSize,
        PostgresVersion = report.PostgresVersion,
        Databases = report.Databases,
    });
}
