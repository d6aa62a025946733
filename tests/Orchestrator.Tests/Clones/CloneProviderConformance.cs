using Npgsql;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>What clones promise, whatever makes their data directories: on a real file system, with real servers.</summary>
public abstract class CloneProviderConformance : IAsyncLifetime
{
    private const long MiB = 1 << 20;
    private const string Data = """
        CREATE TABLE item (id int PRIMARY KEY, note text);
        INSERT INTO item SELECT n, repeat(md5(n::text), 8) FROM generate_series(1, 100000) n;
        CREATE TABLE mark (note text);
        """;

    private TestFileSystem? _disk;
    private CloneLab? _lab;

    /// <summary>The provider under test.</summary>
    protected abstract string Provider { get; }

    /// <summary>The file system under it.</summary>
    protected abstract string FileSystem { get; }

    /// <summary>Whether a clone takes only what differs.</summary>
    protected abstract bool IsThin { get; }

    private CloneLab Lab => _lab!;

    public async ValueTask InitializeAsync()
    {
        _disk = await TestFileSystem.CreateAsync(FileSystem);
        _lab = await CloneLab.OpenAsync(CloneLab.OptionsFor(Path.Combine(_disk.Path, "clones"), Provider));
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
            await _lab.DisposeAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
    }

    /// <summary>One story, because a snapshot is dear and each chapter leaves the storage as it found it.</summary>
    [Fact]
    public async Task Should_keep_every_promise()
    {
        var snapshot = await Lab.SnapshotOfSqlAsync(Data);
        var report = await Lab.Host.ReportAsync(TestContext.Current.CancellationToken);
        Assert.Equal((Provider, IsThin, FileSystem), (report.Provider, report.IsThin, report.FileSystem));
        Assert.True(snapshot.LogicalSize > 40 * MiB, $"{snapshot.LogicalSize / MiB} MiB are no test of thinness");

        await ClonesAreIsolatedAsync(snapshot);
        await CrashesAreSurvivedAsync(snapshot);
        await ResetsBringBackTheSnapshotAsync(snapshot);
        await SavedClonesCanBeClonedAsync(snapshot);
        await SpaceIsWhatDiffersAsync(snapshot);
        await ManyAreMadeAtOnceAsync(snapshot);
        await BusyClonesCanBeDestroyedAsync(snapshot);
        await ReopeningBringsThemBackAsync(snapshot);
    }

    private async Task ClonesAreIsolatedAsync(SnapshotReport snapshot)
    {
        var (mine, yours) = (await Lab.CloneAsync(snapshot.SnapshotId), await Lab.CloneAsync(snapshot.SnapshotId));
        await CloneLab.RunAsync(mine, "UPDATE item SET note = 'mine' WHERE id <= 1000; DROP TABLE mark");
        await CloneLab.RunAsync(mine, "CREATE DATABASE other");

        Assert.Equal(1000L, await CloneLab.AskAsync<long>(mine, "SELECT count(*) FROM item WHERE note = 'mine'"));
        Assert.Equal(0L, await CloneLab.AskAsync<long>(yours, "SELECT count(*) FROM item WHERE note = 'mine'"));
        Assert.Equal(0L, await CloneLab.AskAsync<long>(yours, "SELECT count(*) FROM mark"));
        var later = await Lab.CloneAsync(snapshot.SnapshotId);
        Assert.Equal(0L, await CloneLab.AskAsync<long>(later, "SELECT count(*) FROM item WHERE note = 'mine'"));
        Assert.Equal(100_000L, await CloneLab.AskAsync<long>(later, "SELECT count(*) FROM item"));
        foreach (var clone in (CloneReport[])[mine, yours, later])
            await DestroyAsync(clone);
    }

    private async Task CrashesAreSurvivedAsync(SnapshotReport snapshot)
    {
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        await CloneLab.RunAsync(clone, "INSERT INTO mark VALUES ('committed'); UPDATE item SET note = 'committed'");
        await using var open = new NpgsqlConnection(CloneLab.ConnectionString(clone));
        await open.OpenAsync(TestContext.Current.CancellationToken);
        await using (var begun = new NpgsqlCommand("BEGIN; INSERT INTO mark VALUES ('open')", open))
            await begun.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        Proc.KillChildrenOf(Environment.ProcessId, Path.Combine("clones", clone.CloneId.ToString("N")));

        Assert.Equal(CloneState.Starting, (await NextChangeAsync(clone)).State);
        Assert.Equal(CloneState.Running, (await NextChangeAsync(clone)).State);
        Assert.Equal("committed", await CloneLab.AskAsync<string>(clone, "SELECT string_agg(note, ',') FROM mark"));
        Assert.Equal(100_000L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM item WHERE note = 'committed'"));
        await DestroyAsync(clone);
    }

    private async Task ResetsBringBackTheSnapshotAsync(SnapshotReport snapshot)
    {
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        await CloneLab.RunAsync(clone, "INSERT INTO mark VALUES ('before'); ALTER ROLE alice PASSWORD 'another'");

        var reset = await Lab.Host.ResetAsync(new CloneReset(clone.CloneId, snapshot.SnapshotId, 2), TestContext.Current.CancellationToken);

        Assert.Equal((2, clone.Port), (reset.Revision, reset.Port));
        Assert.Equal(0L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM mark"));
        await CloneLab.RunAsync(clone, "INSERT INTO mark VALUES ('after')");
        await Lab.Host.ResetAsync(new CloneReset(clone.CloneId, snapshot.SnapshotId, 2), TestContext.Current.CancellationToken);
        Assert.Equal("after", await CloneLab.AskAsync<string>(clone, "SELECT string_agg(note, ',') FROM mark"));
        await DestroyAsync(clone);
    }

    private async Task SavedClonesCanBeClonedAsync(SnapshotReport snapshot)
    {
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        await CloneLab.RunAsync(clone, "INSERT INTO mark VALUES ('saved')");

        var saved = await Lab.Snapshots.TakeAsync(new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), CloneId = clone.CloneId }, TestContext.Current.CancellationToken);

        await CloneLab.RunAsync(clone, "INSERT INTO mark VALUES ('later')");
        var second = await Lab.CloneAsync(saved.SnapshotId, spec => spec with { UserName = "bob" });
        Assert.Equal("saved", await CloneLab.AskAsync<string>(second, "SELECT string_agg(note, ',') FROM mark", "bob"));
        var locked = await Assert.ThrowsAsync<PostgresException>(() => CloneLab.AskAsync<int>(second, "SELECT 1"));
        Assert.StartsWith("28", locked.SqlState, StringComparison.Ordinal);
        await Lab.Host.ResetAsync(new CloneReset(clone.CloneId, saved.SnapshotId, 2), TestContext.Current.CancellationToken);
        Assert.Equal("saved", await CloneLab.AskAsync<string>(clone, "SELECT string_agg(note, ',') FROM mark"));

        var inUse = await Assert.ThrowsAsync<CloneFailedException>(() => Lab.Snapshots.DestroyAsync(saved.SnapshotId, TestContext.Current.CancellationToken));
        Assert.Equal(CloneFailure.SnapshotInUse, inUse.Code);
        await DestroyAsync(second);
        await DestroyAsync(clone);
        await Lab.Snapshots.DestroyAsync(saved.SnapshotId, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Lab.Snapshots.List(), known => known.SnapshotId == saved.SnapshotId);
    }

    private async Task SpaceIsWhatDiffersAsync(SnapshotReport snapshot)
    {
        await _disk!.UsedAsync();
        var before = await _disk.UsedAsync();
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        Assert.Equal(100_000L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM item"));
        var taken = await _disk.UsedAsync() - before;
        var measured = await Lab.Host.MeasureAsync(clone.CloneId, TestContext.Current.CancellationToken);
        Assert.True(IsThin ? taken < 24 * MiB : taken > snapshot.LogicalSize * 0.9, $"a clone of {snapshot.LogicalSize / MiB} MiB takes {taken / MiB} MiB");
        Assert.InRange(measured, taken - (16 * MiB), taken + (16 * MiB));

        await CloneLab.RunAsync(clone, "UPDATE item SET note = note || '.'");
        await CloneLab.RunAsync(clone, "CHECKPOINT");
        var grown = await _disk.UsedAsync() - before;
        Assert.True(grown - taken > 25 * MiB, $"after writing it takes {grown / MiB} MiB, before {taken / MiB} MiB");
        // File systems keep books of their own beside the data, and give back what was deleted a little later.
        await Wait.UntilAsync(
            async () => Math.Abs(await Lab.Host.MeasureAsync(clone.CloneId, TestContext.Current.CancellationToken) - (await _disk.UsedAsync() - before)) < 48 * MiB,
            "measured what it takes");

        await DestroyAsync(clone);
        await Wait.UntilAsync(async () => await _disk.UsedAsync() - before < 8 * MiB, "the space given back");
    }

    private async Task ManyAreMadeAtOnceAsync(SnapshotReport snapshot)
    {
        var clones = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Lab.CloneAsync(snapshot.SnapshotId)));
        Assert.Equal(5, clones.Select(clone => clone.Port).Distinct().Count());
        foreach (var clone in clones)
            Assert.Equal(100_000L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM item"));
        await Task.WhenAll(clones.Select(DestroyAsync));
    }

    private async Task BusyClonesCanBeDestroyedAsync(SnapshotReport snapshot)
    {
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        var query = CloneLab.AskAsync<object>(clone, "SELECT pg_sleep(600)");
        // A superuser may leave programs behind that hold files open.
        var daemon = $"setsid sleep {599_000 + (clone.Port % 1000)}";
        await CloneLab.RunAsync(clone, $"COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; cd /clone/data; {daemon} >/dev/null 2>&1 &'");
        await Wait.UntilAsync(() => Task.FromResult(Proc.WithArguments(daemon.Split(' ')[1..]).Count > 0), "a program left behind");

        await DestroyAsync(clone);

        await Assert.ThrowsAnyAsync<Exception>(() => query);
        Assert.Empty(Proc.WithArguments(daemon.Split(' ')[1..]));
    }

    private async Task ReopeningBringsThemBackAsync(SnapshotReport snapshot)
    {
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        await CloneLab.RunAsync(clone, "INSERT INTO mark VALUES ('kept')");
        await _lab!.DisposeAsync();
        // The last of a process tree may still be ending.
        await Wait.UntilAsync(() => Task.FromResult(Proc.Marked(_lab.Storage.Id).Count == 0), "all ended");

        _lab = await CloneLab.OpenAsync(_lab.Options);

        var back = Assert.Single(_lab.Contents.Clones);
        Assert.Equal((clone.CloneId, clone.Port, CloneState.Running), (back.CloneId, back.Port, back.State));
        Assert.Equal("kept", await CloneLab.AskAsync<string>(back, "SELECT string_agg(note, ',') FROM mark"));
        await DestroyAsync(clone);
    }

    private async Task<CloneReport> NextChangeAsync(CloneReport clone)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Wait.Patience);
        while (true)
        {
            var change = await Lab.Host.Changes.ReadAsync(deadline.Token);
            if (change.CloneId == clone.CloneId)
                return change;
        }
    }

    /// <summary>Nothing of a destroyed clone is left: no process, no mount, no directory, no port.</summary>
    private async Task DestroyAsync(CloneReport clone)
    {
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);

        Assert.DoesNotContain(Lab.Host.List(), known => known.CloneId == clone.CloneId);
        Assert.False(Directory.Exists(Lab.Storage.Layout.Clone(clone.CloneId)));
        Assert.Empty(Proc.WithArguments(clone.CloneId.ToString("N")));
        Assert.DoesNotContain(clone.CloneId.ToString("N"), await File.ReadAllTextAsync("/proc/self/mountinfo", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.True(Orchestrator.Local.Servers.FreePort.IsFree(clone.Port), $"port {clone.Port} is in use");
        if (Lab.Host.List().Count > 0)
            return;
        Assert.Empty(Proc.Marked(Lab.Storage.Id));
        foreach (var directory in (string[])[Lab.Storage.Layout.Clones, Lab.Storage.Layout.New, Lab.Storage.Layout.Gone])
            Assert.Empty(Directory.EnumerateFileSystemEntries(directory));
        Assert.Equal(Lab.Storage.Ports.Count, Lab.Storage.Ports.Free);
    }
}

public sealed class When_clones_are_full_copies : CloneProviderConformance
{
    protected override string Provider => "copy";

    protected override string FileSystem => "ext4";

    protected override bool IsThin => false;
}

public sealed class When_clones_are_reflink_copies : CloneProviderConformance
{
    protected override string Provider => "reflink";

    protected override string FileSystem => "xfs";

    protected override bool IsThin => true;
}

public sealed class When_clones_are_overlays_on_xfs : CloneProviderConformance
{
    protected override string Provider => "overlay";

    protected override string FileSystem => "xfs";

    protected override bool IsThin => true;
}

public sealed class When_clones_are_btrfs_snapshots : CloneProviderConformance
{
    protected override string Provider => "btrfs";

    protected override string FileSystem => "btrfs";

    protected override bool IsThin => true;
}
