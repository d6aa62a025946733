using System.Diagnostics;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>
/// Does what a clone's row asks for and reports it to the clone's saga. The row decides, not the message that woke it up:
/// so a late or repeated message, or none at all after a crash, leads to the same.
/// </summary>
internal sealed class CloneWork(ICloneHost host, CloneRows rows, CloneTasks tasks, TimeProvider time)
{
    /// <summary>Works until the row asks for nothing more. What may pass is tried again for as long as the row asks for it.</summary>
    public Task RunAsync(Guid key, ActivityContext parent, CancellationToken cancellationToken) => tasks.UntilDoneAsync(
        $"Clone {key}", async () => await RunAsync(key, await rows.ReadCloneAsync(key, cancellationToken), parent, cancellationToken), cancellationToken);

    /// <summary>The report of a clone that runs.</summary>
    public OutboxMessage Built(CloneRow row, CloneReport report) => tasks.Report(new CloneBuilt
    {
        CloneId = row.Key,
        Attempt = row.Attempt,
        Host = report.Host,
        Port = report.Port,
        DbName = row.DbName ?? "postgres",
        ReadyAt = time.GetUtcNow(),
    });

    private Task RunAsync(Guid key, CloneRow? row, ActivityContext parent, CancellationToken cancellationToken) => row switch
    {
        null => host.DestroyAsync(key, cancellationToken),
        { State: nameof(CloneStateMachine.Creating) } => DoAsync("create", row, parent, CreateAsync, cancellationToken),
        { State: nameof(CloneStateMachine.Resetting) } => DoAsync("reset", row, parent, ResetAsync, cancellationToken),
        { State: nameof(CloneStateMachine.Deleting) } => DoAsync("delete", row, parent, DeleteAsync, cancellationToken),
        { State: nameof(CloneStateMachine.Fatal), IsStored: false } => host.DestroyAsync(key, cancellationToken),
        _ => Task.CompletedTask,
    };

    private Task DoAsync(
        string what, CloneRow row, ActivityContext parent, Func<CloneRow, CancellationToken, Task<OutboxMessage>> work, CancellationToken cancellationToken) =>
        tasks.DoAsync(
            new CloneTask
            {
                Kind = "clone",
                What = what,
                Id = row.Id,
                Attempt = row.Attempt,
                Parent = parent,
                Work = () => work(row, cancellationToken),
                Failed = (code, detail) => FailedAsync(row, code, detail, cancellationToken),
            },
            cancellationToken);

    private async Task<OutboxMessage> CreateAsync(CloneRow row, CancellationToken cancellationToken) => Built(row, await host.CreateAsync(
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

    private async Task<OutboxMessage> ResetAsync(CloneRow row, CancellationToken cancellationToken) =>
        Built(row, await host.ResetAsync(new CloneReset(row.Key, SnapshotOf(row), row.Revision), cancellationToken));

    private async Task<OutboxMessage> DeleteAsync(CloneRow row, CancellationToken cancellationToken)
    {
        await host.DestroyAsync(row.Key, cancellationToken);
        return tasks.Report(new CloneRemoved { CloneId = row.Key, Attempt = row.Attempt });
    }

    private async Task<OutboxMessage> FailedAsync(CloneRow row, string code, string detail, CancellationToken cancellationToken)
    {
        if (row.State is nameof(CloneStateMachine.Deleting))
            return tasks.Report(new CloneRemovalFailed { CloneId = row.Key, Attempt = row.Attempt, Code = code, Detail = detail });
        // A clone that could not be reset may be as it was; a fatal one keeps nothing.
        await host.DestroyAsync(row.Key, cancellationToken);
        return tasks.Report(new CloneBuildFailed { CloneId = row.Key, Attempt = row.Attempt, Code = code, Detail = detail });
    }

    private static Guid SnapshotOf(CloneRow row) =>
        row.SnapshotKey ?? throw new CloneFailedException(CloneFailure.SnapshotNotFound, "Its snapshot is gone.");
}
