using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones;

/// <inheritdoc cref="ICloneHost"/>
internal sealed class CloneHost(CloneStorage storage, ILogger<CloneHost> log) : ICloneHost, IAsyncDisposable
{
    private const long MiB = 1 << 20;
    private const long RoomOfThinClone = 32 * MiB;
    private const int StartsAtOnce = 4;
    private const int PortAttempts = 5;
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<Guid, CloneSeat> _seats = new();
    private readonly InFlight<CloneReport> _inFlight = new();
    private readonly Channel<CloneReport> _changes = Channel.CreateUnbounded<CloneReport>();
    private CloneSupervision? _supervision;
    private volatile bool _isClosing;

    public ChannelReader<CloneReport> Changes => _changes.Reader;

    public async Task<StorageContents> OpenAsync(CancellationToken cancellationToken)
    {
        if (storage.IsOpen)
            throw new InvalidOperationException("The storage of the clones is open already.");
        await storage.OpenAsync(cancellationToken);
        try
        {
            _supervision = new CloneSupervision(storage, _changes.Writer, log, () => _isClosing);
            await ReclaimAsync(cancellationToken);
            await Parallel.ForEachAsync(
                _seats.Values, new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = cancellationToken },
                async (seat, token) => await ComeBackAsync(seat, token));
        }
        catch
        {
            foreach (var seat in _seats.Values.Where(seat => seat.Process is not null))
                await seat.Process!.DisposeAsync();
            _seats.Clear();
            await storage.DisposeAsync();
            throw;
        }

        return new StorageContents(storage.Id, List(), [.. storage.Snapshots.Select(snapshot => snapshot.Report)]);
    }

    public Task<CloneReport> CreateAsync(CloneSpec spec, CancellationToken cancellationToken) =>
        _inFlight.JoinAsync($"create {spec.CloneId}", () => InGateAsync(spec.CloneId, seat => CreateAsync(seat, spec)), cancellationToken);

    public Task<CloneReport> ResetAsync(CloneReset reset, CancellationToken cancellationToken) =>
        _inFlight.JoinAsync($"reset {reset.CloneId} {reset.Revision}", () => InGateAsync(reset.CloneId, seat => ResetAsync(seat, reset)), cancellationToken);

    public Task DestroyAsync(Guid cloneId, CancellationToken cancellationToken) =>
        _inFlight.JoinAsync($"destroy {cloneId}", () => DestroyAsync(cloneId), cancellationToken);

    public IReadOnlyList<CloneReport> List() =>
        [.. _seats.Values.Where(seat => seat.Record is not null).Select(seat => CloneSupervision.ReportOf(storage, seat))];

    public async Task<long> MeasureAsync(Guid cloneId, CancellationToken cancellationToken)
    {
        if (_seats.GetValueOrDefault(cloneId)?.Record is not { } record)
            throw NotFound(cloneId);
        var data = CloneServer.RevisionOf(storage.Layout.Clone(cloneId), record.Revision);
        return await CloneProviders.Named(record.Provider).MeasureAsync(storage.Layout.Data(record.SnapshotId), data, cancellationToken);
    }

    public async Task<CloneActivity?> ReadActivityAsync(Guid cloneId, CancellationToken cancellationToken)
    {
        if (_seats.GetValueOrDefault(cloneId) is not { Record: { } record, State: CloneState.Running })
            return null;
        return await CloneUse.ReadAsync(Path.Combine(storage.Layout.Clone(cloneId), "run"), record.Port, record.Spec.Database, cancellationToken);
    }

    public Task<StorageReport> ReportAsync(CancellationToken cancellationToken) => Task.FromResult(StorageReports.Of(storage));

    /// <summary>Stops a clone, hands its data to <paramref name="copy"/>, and starts it again whatever comes of that.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.CloneNotFound"/>.</exception>
    public async Task<T> WhileStoppedAsync<T>(Guid cloneId, Func<CloneRecord, string, Task<T>> copy)
    {
        if (!_seats.TryGetValue(cloneId, out var seat))
            throw NotFound(cloneId);
        await seat.Gate.WaitAsync();
        try
        {
            if (seat is not { Record: { IsReady: true } record, Process: { } process, State: CloneState.Running })
                throw NotFound(cloneId);
            seat.State = CloneState.Starting;
            seat.Process = null;
            await using (process)
            {
                if (!await process.StopAsync(StopGrace))
                    log.LogWarning("Clone {CloneId} did not stop in time: its snapshot begins with a recovery", cloneId);
            }

            try
            {
                return await copy(record, CloneServer.RevisionOf(storage.Layout.Clone(cloneId), record.Revision));
            }
            finally
            {
                await ComeBackInGateAsync(seat);
            }
        }
        finally
        {
            seat.Gate.Release();
        }
    }

    /// <summary>Stops all clones in an orderly way; they come back with the next <see cref="OpenAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isClosing)
            return;
        _isClosing = true;
        await Task.WhenAll(_seats.Values.Select(async seat =>
        {
            await seat.InterruptAsync();
            await seat.Gate.WaitAsync();
            if (seat.Process is { } process)
            {
                await process.StopAsync(StopGrace);
                await process.DisposeAsync();
            }

            await seat.Clearing;
        }));
        await _inFlight.DrainAsync();
        _changes.Writer.TryComplete();
        await storage.DisposeAsync();
    }

    private static CloneFailedException NotFound(Guid cloneId) =>
        new(CloneFailure.CloneNotFound, $"There is no clone {cloneId} here that runs.");

    private async Task<CloneReport> InGateAsync(Guid cloneId, Func<CloneSeat, Task<CloneReport>> work)
    {
        if (!storage.IsOpen || _isClosing)
            throw new InvalidOperationException("The storage of the clones is not open.");
        if (storage.IsBuried(cloneId))
            throw new CloneFailedException(CloneFailure.CloneGone, $"Clone {cloneId} was deleted.");
        var seat = _seats.GetOrAdd(cloneId, id => new CloneSeat(id));
        await seat.Gate.WaitAsync();
        try
        {
            return await work(seat);
        }
        catch (OperationCanceledException) when (seat.Working.IsCancellationRequested && !_isClosing)
        {
            throw new CloneFailedException(CloneFailure.Cancelled, $"Clone {cloneId} is being deleted.");
        }
        finally
        {
            seat.Gate.Release();
        }
    }

    private async Task<CloneReport> CreateAsync(CloneSeat seat, CloneSpec spec)
    {
        if (storage.IsBuried(seat.Id))
            throw new CloneFailedException(CloneFailure.CloneGone, $"Clone {seat.Id} was deleted.");
        if (seat is { Record.IsReady: true, State: CloneState.Running })
            return CloneSupervision.ReportOf(storage, seat);
        var since = Stopwatch.GetTimestamp();
        if (seat.Record is null)
        {
            Check(spec);
            await MakeDirectoryAsync(seat, spec);
        }

        try
        {
            FailPoint.Pass("clone-placed");
            await BringUpAsync(seat, seat.Record!, since);
            return CloneSupervision.ReportOf(storage, seat);
        }
        catch (Exception exception)
        {
            // A clone that was never ready leaves nothing; one that was, or that the closing host leaves half made, goes on later.
            if (seat.Record is { IsReady: false } && !(exception is OperationCanceledException && _isClosing))
                await RemoveAsync(seat);
            throw;
        }
    }

    private void Check(CloneSpec spec)
    {
        if (CloneUser.Refuse(spec) is { } problem)
            throw new CloneFailedException(CloneFailure.BadRequest, $"{char.ToUpperInvariant(problem[0])}{problem[1..]}.");
        if (CloneSettings.Refuse(spec.Settings) is { } setting)
            throw new CloneFailedException(CloneFailure.SettingNotAllowed, $"{char.ToUpperInvariant(setting[0])}{setting[1..]}.", $"Allowed are {string.Join(", ", CloneSettings.Allowed.Order(StringComparer.Ordinal))}.");
        if (!spec.IsRestricted && storage.Sandbox.Kind is SandboxKind.None)
            throw new CloneFailedException(
                CloneFailure.SuperuserUnavailable, "A superuser could read this machine's files: it has no sandbox to hold him.", "Ask for a restricted user, or install bubblewrap.");
    }

    private async Task MakeDirectoryAsync(CloneSeat seat, CloneSpec spec)
    {
        var snapshot = storage.Pin(spec.SnapshotId);
        int? port = null;
        var next = storage.Layout.NewDirectory(seat.Id);
        try
        {
            var provider = storage.Providers.Chosen;
            using var room = storage.Reserve(provider.IsThin ? RoomOfThinClone : snapshot.Report.LogicalSize + RoomOfThinClone);
            port = storage.Ports.Take(new HashSet<int>());
            var record = new CloneRecord { Spec = spec, SnapshotId = spec.SnapshotId, Revision = 1, Port = port.Value, Provider = provider.Name };
            await Removal.OfAsync(next, seat.Working);
            await DirectoryTree.CreateAsync(next);
            FailPoint.Pass("clone-begun");
            await provider.CloneAsync(storage.Layout.Data(spec.SnapshotId), CloneServer.RevisionOf(next, 1), seat.Working);
            Note("copied");
            await StorageLayout.WriteAsync(Path.Combine(next, CloneRecord.FileName), record, seat.Working);
            FailPoint.Pass("clone-copied");
            Directory.Move(next, storage.Layout.Clone(seat.Id));
            seat.Record = record;
        }
        catch
        {
            await Removal.OfAsync(next, CancellationToken.None);
            if (port is { } taken)
                storage.Ports.Release(taken);
            storage.Unpin(spec.SnapshotId);
            throw;
        }
    }

    /// <summary>Starts Postgres and, the first time on this data, prepares its user.</summary>
    private async Task BringUpAsync(CloneSeat seat, CloneRecord record, long since)
    {
        seat.State = CloneState.Starting;
        if (seat.Process is { } old)
            await old.DisposeAsync();
        seat.Process = null;
        var snapshot = storage.Snapshot(record.SnapshotId)
            ?? throw new CloneFailedException(CloneFailure.SnapshotNotFound, $"The clone's snapshot {record.SnapshotId} is not there any more.");
        PostgresProcess process;
        var refused = new HashSet<int>();
        while (true)
        {
            process = await StartAsync(record, snapshot);
            try
            {
                await process.UntilReadyAsync(storage.Options.StartTimeout, seat.Working);
                Note("started");
                break;
            }
            catch (CloneFailedException exception) when (!record.IsReady && record.Revision == 1 && IsPortTaken(exception) && refused.Count < PortAttempts)
            {
                // Somebody else took the port after we looked, and nobody was told of it yet.
                await process.DisposeAsync();
                refused.Add(record.Port);
                var port = storage.Ports.Take(refused);
                storage.Ports.Release(record.Port);
                seat.Record = record = await SaveAsync(record with { Port = port }, seat.Working);
            }
            catch (CloneFailedException exception)
            {
                await process.DisposeAsync();
                throw Explain(exception, record);
            }
            catch
            {
                await process.DisposeAsync();
                throw;
            }
        }

        try
        {
            if (!record.IsReady)
            {
                FailPoint.Pass("clone-started");
                await CloneUser.PrepareAsync(record.Spec, Path.Combine(storage.Layout.Clone(seat.Id), "run"), record.Port, seat.Working);
                Note("prepared");
                FailPoint.Pass("clone-prepared");
                record = await SaveAsync(record with { IsReady = true, Took = Stopwatch.GetElapsedTime(since) }, seat.Working);
            }
        }
        catch (Exception exception)
        {
            await process.DisposeAsync();
            if (exception is NpgsqlException)
                throw new CloneFailedException(CloneFailure.PostgresFailed, $"Postgres ended while the user was prepared: {process.LastComplaint()}");
            throw;
        }

        (seat.Record, seat.Process, seat.State, seat.Reason) = (record, process, CloneState.Running, "");
        _supervision!.Watch(seat, process, () => BringUpAsync(seat, seat.Record!, Stopwatch.GetTimestamp()));
    }

    private async Task<PostgresProcess> StartAsync(CloneRecord record, SnapshotRecord snapshot)
    {
        var server = CloneServer.Of(storage, record, snapshot.Report.PostgresVersion);
        server.WriteFiles(snapshot.Settings.Concat(record.Spec.Settings));
        return await server.StartAsync(storage.Options.ListenAddress, record.Port);
    }

    private static bool IsPortTaken(CloneFailedException exception) =>
        exception.Message.Contains("could not create any TCP/IP sockets", StringComparison.Ordinal)
        || exception.Message.Contains("Address already in use", StringComparison.Ordinal);

    private static CloneFailedException Explain(CloneFailedException exception, CloneRecord record)
    {
        var setting = record.Spec.Settings.Keys.FirstOrDefault(name => exception.Message.Contains(name, StringComparison.OrdinalIgnoreCase));
        return setting is null ? exception : new CloneFailedException(CloneFailure.SettingNotAllowed, exception.Message, $"Check the value of {setting}.");
    }

    private async Task<CloneRecord> SaveAsync(CloneRecord record, CancellationToken cancellationToken)
    {
        await StorageLayout.WriteAsync(Path.Combine(storage.Layout.Clone(record.Spec.CloneId), CloneRecord.FileName), record, cancellationToken);
        return record;
    }

    private async Task<CloneReport> ResetAsync(CloneSeat seat, CloneReset reset)
    {
        if (seat.Record is not { } old)
            throw NotFound(reset.CloneId);
        if (old.Revision >= reset.Revision)
        {
            if (seat.State is not CloneState.Running)
                await BringUpAsync(seat, old, Stopwatch.GetTimestamp());
            return CloneSupervision.ReportOf(storage, seat);
        }

        var since = Stopwatch.GetTimestamp();
        var directory = storage.Layout.Clone(seat.Id);
        var fresh = CloneServer.RevisionOf(directory, reset.Revision);
        var provider = storage.Providers.Chosen;
        var snapshot = storage.Pin(reset.SnapshotId);
        try
        {
            // The same version: the clone's directory of sockets and settings stays.
            using var room = storage.Reserve(provider.IsThin ? RoomOfThinClone : snapshot.Report.LogicalSize + RoomOfThinClone);
            storage.BinariesFor(snapshot.Report.PostgresVersion);
            await Removal.OfDataAsync(fresh, CancellationToken.None);
            await provider.CloneAsync(storage.Layout.Data(reset.SnapshotId), fresh, seat.Working);
            Note("copied");
            FailPoint.Pass("reset-copied");
        }
        catch
        {
            await Removal.OfDataAsync(fresh, CancellationToken.None);
            storage.Unpin(reset.SnapshotId);
            throw;
        }

        // From here on the old data is given up: what is written there now is lost, as a reset means.
        seat.State = CloneState.Starting;
        var process = seat.Process;
        seat.Process = null;
        if (process is not null)
            await process.EndAsync();
        Note("stopped");
        FailPoint.Pass("reset-stopped");
        try
        {
            seat.Record = await SaveAsync(
                old with { SnapshotId = reset.SnapshotId, Revision = reset.Revision, Provider = provider.Name, IsReady = false }, CancellationToken.None);
        }
        catch
        {
            storage.Unpin(reset.SnapshotId);
            if (process is not null)
                await process.DisposeAsync();
            throw;
        }

        FailPoint.Pass("reset-switched");
        storage.Unpin(old.SnapshotId);
        seat.Clearing = Task.WhenAll(seat.Clearing, ClearAsync(process, CloneServer.RevisionOf(directory, old.Revision)));
        try
        {
            await BringUpAsync(seat, seat.Record, since);
            return CloneSupervision.ReportOf(storage, seat);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            (seat.State, seat.Reason) = (CloneState.Failed, exception.Message);
            throw;
        }
    }

    /// <summary>
    /// Removes data that a reset gave up while the new one starts: the kernel first writes back what it has of the old mount,
    /// which takes seconds on a busy disk. Never throws: the next start removes what this leaves.
    /// </summary>
    private async Task ClearAsync(PostgresProcess? process, string data)
    {
        try
        {
            var gone = storage.MoveDataAway(data);
            if (process is not null)
                await process.DisposeAsync();
            await Removal.OfAsync(gone, CancellationToken.None);
        }
        catch (Exception exception)
        {
            log.LogWarning("{Data} stays until the next start: {Reason}", data, exception.Message);
        }
    }

    /// <summary>A step in the trace of the work.</summary>
    private static void Note(string step) => Activity.Current?.AddEvent(new ActivityEvent(step));

    private async Task<CloneReport> DestroyAsync(Guid cloneId)
    {
        if (!storage.IsOpen || _isClosing)
            throw new InvalidOperationException("The storage of the clones is not open.");
        storage.Bury(cloneId);
        FailPoint.Pass("destroy-buried");
        var seat = _seats.GetOrAdd(cloneId, id => new CloneSeat(id));
        await seat.InterruptAsync();
        await seat.Gate.WaitAsync();
        try
        {
            await seat.Clearing;
            await RemoveAsync(seat);
            _seats.TryRemove(KeyValuePair.Create(cloneId, seat));
            return new CloneReport { CloneId = cloneId, SnapshotId = default, Revision = 0, State = CloneState.Failed, Host = "", Port = 0, Provider = "" };
        }
        finally
        {
            seat.Gate.Release();
        }
    }

    /// <summary>Ends its Postgres and frees all that it has.</summary>
    private async Task RemoveAsync(CloneSeat seat)
    {
        if (seat.Process is { } process)
        {
            seat.Process = null;
            await process.DisposeAsync();
        }

        FailPoint.Pass("destroy-stopped");
        if (seat.Record is not { } record)
            return;
        if (Directory.Exists(storage.Layout.Clone(seat.Id)))
        {
            var gone = storage.MoveAway(storage.Layout.Clone(seat.Id));
            FailPoint.Pass("destroy-moved");
            await Removal.OfAsync(gone, CancellationToken.None);
        }

        // What a worker that was killed left of its bounds.
        storage.Cgroups?.Open(CloneServer.GroupOf(seat.Id, record.Revision)).Remove();
        seat.Record = null;
        storage.Ports.Release(record.Port);
        storage.Unpin(record.SnapshotId);
    }

    /// <summary>Takes stock of what is on disk.</summary>
    private async Task ReclaimAsync(CancellationToken cancellationToken)
    {
        foreach (var id in StorageLayout.IdsIn(storage.Layout.Clones).ToList())
        {
            var directory = storage.Layout.Clone(id);
            if (await StorageLayout.ReadAsync<CloneRecord>(Path.Combine(directory, CloneRecord.FileName), cancellationToken) is not { } record)
            {
                log.LogWarning("{Directory} holds no readable {File}: it is left alone", directory, CloneRecord.FileName);
                continue;
            }

            if (storage.IsBuried(id))
            {
                await Removal.OfAsync(storage.MoveAway(directory), cancellationToken);
                continue;
            }

            foreach (var other in Directory.EnumerateDirectories(directory, "r*").Where(path => IsOtherRevision(path, record.Revision)))
                await Removal.OfDataAsync(other, cancellationToken);
            var seat = new CloneSeat(id) { Record = record };
            storage.Ports.Claim(record.Port);
            if (storage.Snapshot(record.SnapshotId) is not null)
                storage.Pin(record.SnapshotId);
            _seats[id] = seat;
        }
    }

    private static bool IsOtherRevision(string path, int revision) =>
        Path.GetFileName(path) is ['r', .. var number] && int.TryParse(number, out var other) && other != revision;

    private async Task ComeBackAsync(CloneSeat seat, CancellationToken cancellationToken)
    {
        await seat.Gate.WaitAsync(cancellationToken);
        try
        {
            await ComeBackInGateAsync(seat);
        }
        finally
        {
            seat.Gate.Release();
        }
    }

    private async Task ComeBackInGateAsync(CloneSeat seat)
    {
        try
        {
            await BringUpAsync(seat, seat.Record!, Stopwatch.GetTimestamp());
        }
        catch (Exception exception) when (exception is CloneFailedException or IOException or NpgsqlException)
        {
            log.LogError("Clone {CloneId} does not come back: {Reason}", seat.Id, exception.Message);
            (seat.State, seat.Reason) = (CloneState.Failed, exception.Message);
            _changes.Writer.TryWrite(CloneSupervision.ReportOf(storage, seat));
        }
    }
}
