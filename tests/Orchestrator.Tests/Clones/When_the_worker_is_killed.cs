using System.Text.Json;
using Orchestrator.Bench.Clones;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>kill -9 at each step of each operation: the next process finishes what was asked for, and nothing is left over.</summary>
[Collection(nameof(CloneYard))]
public sealed class When_the_worker_is_killed(CloneYard yard) : IAsyncLifetime
{
    private const int Killed = 137;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private CloneHostOptions _options = null!;
    private SnapshotReport _snapshot = null!;

    public async ValueTask InitializeAsync() => (_options, _snapshot) = await yard.Victim;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static TheoryData<string> Creating => Dose(["clone-copied", "clone-started"], ["clone-begun", "clone-placed", "clone-prepared"]);

    public static TheoryData<string> Resetting => Dose(["reset-stopped", "clone-started"], ["reset-copied", "reset-switched", "clone-prepared"]);

    public static TheoryData<string> Destroying => Dose(["destroy-moved"], ["destroy-buried", "destroy-stopped"]);

    public static TheoryData<string> Snapshotting => Dose(["snapshot-filled"], ["snapshot-begun", "snapshot-finished"]);

    [Theory]
    [MemberData(nameof(Creating))]
    public async Task Should_make_the_clone_all_the_same(string place)
    {
        var spec = SpecOf();
        await DieAsync(place, new CloneHostTask { Options = _options, Outcome = "", Create = spec });
        // Whatever could not be made is gone, whatever was half made comes up with the storage.
        await using var next = await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Create = spec });

        Assert.Equal(CloneState.Running, next.Outcome.Made!.State);
        Assert.Equal(0L, await CloneLab.AskAsync<long>(next.Outcome.Made, "SELECT count(*) FROM mark"));
        await LeavesNothingAsync(next, spec.CloneId);
    }

    [Theory]
    [MemberData(nameof(Resetting))]
    public async Task Should_reset_the_clone_once(string place)
    {
        var isOldThere = place is "reset-copied" or "reset-stopped";
        var spec = SpecOf();
        await using (var first = await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Create = spec }))
            await CloneLab.RunAsync(first.Outcome.Made!, "INSERT INTO mark VALUES ('before')");
        var reset = new CloneReset(spec.CloneId, _snapshot.SnapshotId, 2);
        await DieAsync(place, new CloneHostTask { Options = _options, Outcome = "", Reset = reset });

        await using (var between = await StartAsync(new CloneHostTask { Options = _options, Outcome = "" }))
        {
            var found = Assert.Single(between.Outcome.Found);
            Assert.Equal((CloneState.Running, isOldThere ? 1 : 2), (found.State, found.Revision));
            Assert.Equal(isOldThere ? 1L : 0L, await CloneLab.AskAsync<long>(found, "SELECT count(*) FROM mark"));
        }

        await using (var again = await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Reset = reset }))
        {
            Assert.Equal(0L, await CloneLab.AskAsync<long>(again.Outcome.Made!, "SELECT count(*) FROM mark"));
            await CloneLab.RunAsync(again.Outcome.Made!, "INSERT INTO mark VALUES ('after')");
        }

        await using var repeated = await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Reset = reset });
        Assert.Equal("after", await CloneLab.AskAsync<string>(repeated.Outcome.Made!, "SELECT note FROM mark"));
        await LeavesNothingAsync(repeated, spec.CloneId);
    }

    [Theory]
    [MemberData(nameof(Destroying))]
    public async Task Should_destroy_the_clone_for_good(string place)
    {
        var spec = SpecOf();
        await using (await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Create = spec }))
        {
            // It is ended without being asked to.
        }

        await DieAsync(place, new CloneHostTask { Options = _options, Outcome = "", Destroy = spec.CloneId });
        await using var next = await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Destroy = spec.CloneId });

        Assert.Empty(next.Outcome.Found);
        await LeavesNothingAsync(next, spec.CloneId);
    }

    [Theory]
    [MemberData(nameof(Snapshotting))]
    public async Task Should_take_the_snapshot_all_the_same(string place)
    {
        await File.WriteAllTextAsync(Path.Combine(_options.DumpRoot, "one.sql"), "CREATE TABLE mark (note text)", TestContext.Current.CancellationToken);
        var take = new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), Dump = new DumpSource("one.sql", "app") };
        await DieAsync(place, new CloneHostTask { Options = _options, Outcome = "", Take = take });
        var spec = SpecOf() with { SnapshotId = take.SnapshotId };
        await using var next = await StartAsync(new CloneHostTask { Options = _options, Outcome = "", Take = take, Create = spec });

        Assert.Equal(0L, await CloneLab.AskAsync<long>(next.Outcome.Made!, "SELECT count(*) FROM mark"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_options.Directory, "new")));
        await LeavesNothingAsync(next, spec.CloneId);
    }

    /// <summary>The first always, all in the long dose.</summary>
    private static TheoryData<string> Dose(string[] always, string[] more) => [.. always, .. Chaos.ChaosCollection.IsLong ? more : []];

    private CloneSpec SpecOf() => new()
    {
        CloneId = Guid.CreateVersion7(),
        SnapshotId = _snapshot.SnapshotId,
        UserName = "alice",
        Verifier = Scram.Verifier(CloneLab.Password),
        Database = "app",
    };

    private async Task DieAsync(string place, CloneHostTask task)
    {
        var storage = await IdAsync();
        await using var process = await LaunchAsync(task with { Outcome = OutcomeFile() }, $"{place}:1");
        Assert.Equal(Killed, await process.Exit.WaitAsync(Patience, TestContext.Current.CancellationToken));
        await Wait.UntilAsync(() => Task.FromResult(Proc.Marked(storage).Count == 0), "all its processes gone with it");
    }

    private async Task<Running> StartAsync(CloneHostTask task)
    {
        task = task with { Outcome = OutcomeFile() };
        var process = await LaunchAsync(task, failPoint: null);
        await Wait.UntilAsync(() => Task.FromResult(File.Exists(task.Outcome) || process.HasExited), "done", Patience);
        Assert.False(process.HasExited, "the process ended");
        return new Running(process, JsonSerializer.Deserialize<CloneHostOutcome>(await File.ReadAllTextAsync(task.Outcome, TestContext.Current.CancellationToken))!);
    }

    private static async Task<ChildProcess> LaunchAsync(CloneHostTask task, string? failPoint)
    {
        var file = task.Outcome + ".task";
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(task), TestContext.Current.CancellationToken);
        var environment = CleanEnvironment.Create();
        if (failPoint is not null)
            environment["ORCHESTRATOR_FAIL_POINT"] = failPoint;
        return await ChildProcess.StartAsync(new ChildStart
        {
            FileName = Binaries.Require("dotnet"),
            Arguments = [Checkout.Host("Orchestrator.Bench"), CloneHostProcess.Command, file],
            Environment = environment,
            LogFile = file + ".log",
        });
    }

    private async Task<Guid> IdAsync()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(_options.Directory, "id"), TestContext.Current.CancellationToken);
        return JsonDocument.Parse(text).RootElement.GetProperty("Id").GetGuid();
    }

    private string OutcomeFile() => Path.Combine(Directory.CreateDirectory(_options.Directory + "-tasks").FullName, $"{Guid.CreateVersion7():N}");

    private async Task LeavesNothingAsync(Running running, Guid cloneId)
    {
        await running.DisposeAsync();
        await using var lab = await CloneLab.OpenAsync(_options);
        await lab.Host.DestroyAsync(cloneId, TestContext.Current.CancellationToken);
        foreach (var directory in (string[])["clones", "new", "gone"])
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_options.Directory, directory)));
        Assert.Empty(Proc.Marked(lab.Storage.Id));
        Assert.Equal(lab.Storage.Ports.Count, lab.Storage.Ports.Free);
        var late = await Assert.ThrowsAsync<CloneFailedException>(() => lab.Host.CreateAsync(SpecOf() with { CloneId = cloneId }, TestContext.Current.CancellationToken));
        Assert.Equal(CloneFailure.CloneGone, late.Code);
    }

    /// <summary>A process that has done its task; disposing it is a kill -9.</summary>
    private sealed record Running(ChildProcess Process, CloneHostOutcome Outcome) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Process.StopAsync(Signal.Kill, TimeSpan.FromSeconds(10));
    }
}
