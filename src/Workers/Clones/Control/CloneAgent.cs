using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>
/// Connects one storage directory with the control plane: takes the directory, compares what is there with what the rows
/// ask for, and then works on whatever a message, or a look at the rows, brings up.
/// </summary>
internal sealed class CloneAgent(
    ICloneHost host,
    ISnapshotHost snapshots,
    CloneRows rows,
    CloneHosts hosts,
    CloneWork work,
    SnapshotWork snapshotWork,
    CloneTasks tasks,
    OutboxOwner owner,
    IReceiveEndpointConnector endpoints,
    IOptions<CloneHostOptions> hostOptions,
    IOptions<CloneOptions> options,
    TimeProvider time,
    ILogger<CloneAgent> logger)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, Task> _works = new();
    private CancellationToken _stopping;
    private string _id = "";
    private HostKey _key = null!;

    /// <summary>Looks at a clone's row and does what it asks for; returns at once.</summary>
    public void Begin(Guid cloneKey, ActivityContext parent) => Begin(cloneKey, async () =>
    {
        await work.RunAsync(cloneKey, parent, _stopping);
        if (host.List().FirstOrDefault(report => report.CloneId == cloneKey) is { State: CloneState.Running } report)
            await TryMeasureAsync(report, _stopping);
    });

    /// <summary>Looks at a snapshot's row and does what it asks for; returns at once.</summary>
    public void BeginSnapshot(Guid key, ActivityContext parent) => Begin(key, () => snapshotWork.RunAsync(key, _key, parent, _stopping));

    /// <summary>Runs until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        try
        {
            await owner.Locked.WaitAsync(stoppingToken);
            var contents = await UntilOpenAsync(stoppingToken);
            _id = contents.StorageId.ToString();
            _key = await HostKey.OpenAsync(hostOptions.Value.Directory, stoppingToken);
            await RepeatAsync("reconcile", once: true, SweepInterval, async () =>
            {
                await SaveAsync(stoppingToken);
                await ReconcileAsync(contents, stoppingToken);
            }, stoppingToken);
            await ConnectAsync(stoppingToken);
            logger.LogInformation("Clones are kept in {Directory}: storage {Storage}", hostOptions.Value.Directory, _id);
            await Task.WhenAll(
                RepeatAsync("heartbeat", once: false, Heartbeat, () => SaveAsync(stoppingToken), stoppingToken),
                RepeatAsync("sweep", once: false, SweepInterval, () => SweepAsync(stoppingToken), stoppingToken),
                RepeatAsync("measure", once: false, options.Value.MeasureInterval, () => MeasureAsync(stoppingToken), stoppingToken),
                FollowChangesAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Whatever was not done is done by who takes the storage next.
        }
    }

    private void Begin(Guid key, Func<Task> run)
    {
        // What runs already may have read an older row: the new one runs beside it, and the host joins or ends the old.
        var task = Task.Run(run, CancellationToken.None);
        _works[key] = task;
        _ = task.ContinueWith(
            done => _works.TryRemove(new KeyValuePair<Guid, Task>(key, done)), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task<StorageContents> UntilOpenAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                return await host.OpenAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                logger.LogError(exception, "The storage of clones in {Directory} cannot be taken", hostOptions.Value.Directory);
                await Task.Delay(SweepInterval, time, stoppingToken);
            }
        }
    }

    private async Task ConnectAsync(CancellationToken stoppingToken)
    {
        var endpoint = endpoints.ConnectReceiveEndpoint(CloneHosts.QueueOf(_id), (context, endpoint) =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.ConfigureConsumer<WorkOnCloneConsumer>(context);
            endpoint.ConfigureConsumer<WorkOnSnapshotConsumer>(context);
        });
        await endpoint.Ready.WaitAsync(stoppingToken);
    }

    private async Task RepeatAsync(string what, bool once, TimeSpan interval, Func<Task> run, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await run();
                if (once)
                    return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                if (Transient.Is(exception))
                    logger.LogWarning("Clones: {What} has to wait: {Reason}", what, exception.GetBaseException().Message);
                else
                    logger.LogError(exception, "Clones: {What} failed", what);
            }

            await Task.Delay(interval, time, stoppingToken);
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var report = await host.ReportAsync(cancellationToken);
        await hosts.SaveAsync(
            new CloneHostRow
            {
                Id = _id,
                LockKey = owner.Id,
                Address = hostOptions.Value.AccessHost is { Length: > 0 } named ? named : hostOptions.Value.ListenAddress,
                Provider = report.Provider,
                IsThin = report.IsThin,
                FileSystem = report.FileSystem,
                DiskSize = report.Size,
                DiskFree = report.Free,
                DiskReserve = report.Reserve,
                Ports = report.Ports,
                Warnings = JsonSerializer.Serialize(report.Warnings, WireJson.Options),
                Unavailable = JsonSerializer.Serialize(report.Unavailable, WireJson.Options),
                PublicKey = _key.Public,
            },
            cancellationToken);
    }

    // After a crash of this process or of the machine: every clone is back, or its saga learns why not.
    private async Task ReconcileAsync(StorageContents contents, CancellationToken cancellationToken)
    {
        var found = contents.Clones.ToDictionary(report => report.CloneId);
        foreach (var row in await rows.ReadClonesAsync(_id, cancellationToken))
        {
            if (row.State is nameof(CloneStateMachine.Ready) || row is { State: nameof(CloneStateMachine.Fatal), IsStored: true })
                await ReportAsync(row, found.GetValueOrDefault(row.Key), cancellationToken);
        }

        var kept = contents.Snapshots.Select(report => report.SnapshotId).ToHashSet();
        foreach (var row in await rows.ReadSnapshotsAsync(_id, cancellationToken))
        {
            if (row.State is nameof(SnapshotStateMachine.Ready) && !kept.Contains(row.Key))
            {
                await tasks.SendAsync(
                    tasks.Report(new SnapshotFailed { SnapshotKey = row.Key, Attempt = row.Attempt, Code = CloneCodes.StorageLost, Detail = "It is no longer in the storage." }),
                    cancellationToken);
            }
        }

        await SweepAsync(cancellationToken);
    }

    private async Task ReportAsync(CloneRow row, CloneReport? report, CancellationToken cancellationToken)
    {
        switch (report)
        {
            case null:
                await tasks.SendAsync(Failed(row, CloneCodes.StorageLost, "It is no longer in the storage."), cancellationToken);
                break;
            case { State: CloneState.Failed }:
                await tasks.SendAsync(Failed(row, CloneFailure.PostgresFailed, report.Reason), cancellationToken);
                break;
            case { State: CloneState.Running } when row.State is nameof(CloneStateMachine.Fatal) || row.Port != report.Port || row.Address != report.Host:
                await tasks.SendAsync(work.Built(row, report), cancellationToken);
                break;
        }

        OutboxMessage Failed(CloneRow row, string code, string detail) =>
            tasks.Report(new CloneBuildFailed { CloneId = row.Key, Attempt = row.Attempt, Code = code, Detail = detail });
    }

    // What no message brought up, and what nobody owns. The storage is read before the rows: whatever is there had a row.
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var (clones, kept) = (host.List().ToDictionary(report => report.CloneId), snapshots.List().Select(report => report.SnapshotId).ToHashSet());
        foreach (var row in await rows.ReadClonesAsync(_id, cancellationToken))
        {
            var isThere = clones.Remove(row.Key, out var report);
            // Its saga gave it up while this host was not to be seen, and it still runs.
            if (row is { State: nameof(CloneStateMachine.Fatal), IsStored: true } && isThere)
                await ReportAsync(row, report, cancellationToken);
            if (row.State is nameof(CloneStateMachine.Creating) or nameof(CloneStateMachine.Resetting) or nameof(CloneStateMachine.Deleting)
                || (row is { State: nameof(CloneStateMachine.Fatal), IsStored: false } && isThere))
                BeginUnlessAtWork(row.Key, Begin);
        }

        foreach (var row in await rows.ReadSnapshotsAsync(_id, cancellationToken))
        {
            var isThere = kept.Remove(row.Key);
            if (row.State is nameof(SnapshotStateMachine.Making) or nameof(SnapshotStateMachine.Deleting)
                || (row.State is nameof(SnapshotStateMachine.Fatal) && isThere))
                BeginUnlessAtWork(row.Key, BeginSnapshot);
        }

        foreach (var key in clones.Keys)
            BeginUnlessAtWork(key, Begin);
        foreach (var key in kept)
            BeginUnlessAtWork(key, BeginSnapshot);
    }

    private void BeginUnlessAtWork(Guid key, Action<Guid, ActivityContext> begin)
    {
        if (!_works.ContainsKey(key))
            begin(key, default);
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        foreach (var report in host.List().Where(report => report.State is CloneState.Running))
            await TryMeasureAsync(report, cancellationToken);
    }

    private async Task TryMeasureAsync(CloneReport report, CancellationToken cancellationToken)
    {
        try
        {
            if (await host.ReadActivityAsync(report.CloneId, cancellationToken) is { } activity)
                await rows.MeasureAsync(report.CloneId, await host.MeasureAsync(report.CloneId, cancellationToken), activity, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogDebug("Clone {Clone} cannot be measured: {Reason}", report.CloneId, exception.Message);
        }
    }

    private async Task FollowChangesAsync(CancellationToken stoppingToken)
    {
        await foreach (var report in host.Changes.ReadAllAsync(stoppingToken))
        {
            await RepeatAsync("report", once: true, Heartbeat, async () =>
            {
                if (await rows.ReadCloneAsync(report.CloneId, stoppingToken) is { } row
                    && (row.State is nameof(CloneStateMachine.Ready) || row is { State: nameof(CloneStateMachine.Fatal), IsStored: true }))
                    await ReportAsync(row, report, stoppingToken);
            }, stoppingToken);
        }
    }
}
