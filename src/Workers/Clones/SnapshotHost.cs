using System.Collections.Concurrent;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones;

/// <inheritdoc cref="ISnapshotHost"/>
internal sealed class SnapshotHost(CloneStorage storage, CloneHost clones, TimeProvider time, ILogger<SnapshotHost> log) : ISnapshotHost
{
    private readonly InFlight<SnapshotReport> _inFlight = new();
    private readonly InFlight<bool> _removals = new();
    private readonly ConcurrentDictionary<Guid, CancellationTokenSource> _taking = new();

    public Task<SnapshotReport> TakeAsync(SnapshotSpec spec, CancellationToken cancellationToken) =>
        _inFlight.JoinAsync($"{spec.SnapshotId}", () => TakeAsync(spec), cancellationToken);

    public Task DestroyAsync(Guid snapshotId, CancellationToken cancellationToken) =>
        _removals.JoinAsync($"{snapshotId}", () => DestroyAsync(snapshotId), cancellationToken);

    public IReadOnlyList<SnapshotReport> List() => [.. storage.Snapshots.Select(record => record.Report)];

    private async Task<SnapshotReport> TakeAsync(SnapshotSpec spec)
    {
        if (!storage.IsOpen)
            throw new InvalidOperationException("The storage of the clones is not open.");
        if (storage.IsBuried(spec.SnapshotId))
            throw Gone(spec.SnapshotId);
        if (storage.Snapshot(spec.SnapshotId) is { } known)
            return known.Report;
        using var cancel = new CancellationTokenSource();
        _taking[spec.SnapshotId] = cancel;
        var next = storage.Layout.NewDirectory(spec.SnapshotId);
        try
        {
            await Removal.OfAsync(next, cancel.Token);
            await DirectoryTree.CreateAsync(next);
            FailPoint.Pass("snapshot-begun");
            var image = await FillAsync(spec, next, cancel.Token);
            FailPoint.Pass("snapshot-filled");
            var record = await FinishAsync(spec.SnapshotId, next, image, cancel.Token);
            FailPoint.Pass("snapshot-finished");
            if (storage.IsBuried(spec.SnapshotId))
                throw Gone(spec.SnapshotId);
            Directory.Move(next, storage.Layout.Snapshot(spec.SnapshotId));
            storage.Add(record);
            log.LogInformation("Snapshot {SnapshotId}: {MiB} MiB of Postgres {Version}", spec.SnapshotId, record.Report.LogicalSize >> 20, record.Report.PostgresVersion);
            return record.Report;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw new CloneFailedException(CloneFailure.Cancelled, $"Snapshot {spec.SnapshotId} is being deleted.");
        }
        finally
        {
            _taking.TryRemove(spec.SnapshotId, out _);
            await Removal.OfAsync(next, CancellationToken.None);
        }
    }

    private Task<GoldenSource> FillAsync(SnapshotSpec spec, string next, CancellationToken cancellationToken) => spec switch
    {
        { Live: { } live, Dump: null, CloneId: null } => new LiveBackup(storage, time).FillAsync(live, next, cancellationToken),
        { Live: null, Dump: { } dump, CloneId: null } => new DumpRestore(storage).FillAsync(dump, next, cancellationToken),
        { Live: null, Dump: null, CloneId: { } cloneId } => FromCloneAsync(cloneId, next, cancellationToken),
        _ => throw new CloneFailedException(CloneFailure.BadRequest, "A snapshot has exactly one source."),
    };

    private Task<GoldenSource> FromCloneAsync(Guid cloneId, string next, CancellationToken cancellationToken) =>
        clones.WhileStoppedAsync(cloneId, async (record, data) =>
        {
            var snapshot = storage.Snapshot(record.SnapshotId)!;
            var provider = CloneProviders.Named(record.Provider);
            using var room = storage.Reserve(provider.IsThin ? GoldenImage.Room : snapshot.Report.LogicalSize + GoldenImage.Room);
            await provider.FlattenAsync(storage.Layout.Data(record.SnapshotId), data, GoldenImage.DataOf(next), cancellationToken);
            return new GoldenSource(storage.BinariesFor(snapshot.Report.PostgresVersion), time.GetUtcNow(), snapshot.Settings);
        });

    private async Task<SnapshotRecord> FinishAsync(Guid snapshotId, string next, GoldenSource source, CancellationToken cancellationToken)
    {
        var databases = await new GoldenImage(storage).PrepareAsync(next, source, cancellationToken);
        var data = GoldenImage.DataOf(next);
        var provider = storage.Providers.Chosen;
        var record = new SnapshotRecord
        {
            Provider = provider.Name,
            Settings = source.Settings,
            Report = new SnapshotReport
            {
                SnapshotId = snapshotId,
                DataStateAt = source.DataStateAt,
                PhysicalSize = await Task.Run(() => ExclusiveBytes.Below(data), cancellationToken),
                LogicalSize = await Task.Run(() => LengthOf(data), cancellationToken),
                PostgresVersion = source.Binaries.Version,
                Databases = databases,
            },
        };
        await provider.FreezeAsync(data, cancellationToken);
        await StorageLayout.WriteAsync(Path.Combine(next, SnapshotRecord.FileName), record, cancellationToken);
        await Task.Run(() => SystemCalls.SyncFileSystem(next), cancellationToken);
        return record;
    }

    private async Task<bool> DestroyAsync(Guid snapshotId)
    {
        if (!storage.IsOpen)
            throw new InvalidOperationException("The storage of the clones is not open.");
        var record = storage.Forget(snapshotId);
        storage.Bury(snapshotId);
        if (_taking.TryGetValue(snapshotId, out var taking))
        {
            await taking.CancelAsync();
            await _inFlight.DrainAsync($"{snapshotId}");
            record ??= storage.Forget(snapshotId);
        }

        FailPoint.Pass("snapshot-buried");
        if (record is not null && Directory.Exists(storage.Layout.Snapshot(snapshotId)))
            await Removal.OfAsync(storage.MoveAway(storage.Layout.Snapshot(snapshotId)), CancellationToken.None);
        return true;
    }

    private static long LengthOf(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(file => file.Length);

    private static CloneFailedException Gone(Guid snapshotId) => new(CloneFailure.CloneGone, $"Snapshot {snapshotId} was deleted.");
}
