using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>
/// A fail point ends the worker as kill -9 does, at each step of a creation, a reset and a deletion: when a worker is there
/// again, everything comes to the end that was asked for, and nothing is left over.
/// </summary>
public sealed class When_a_worker_dies_over_a_clone(Servers servers)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is "1";

    private static readonly string[] Creations = IsLong
        ? ["clone-before-work", "clone-placed", "clone-begun", "clone-copied", "clone-started", "clone-prepared", "clone-before-report"]
        : ["clone-copied", "clone-before-report"];

    private static readonly string[] Resets = IsLong
        ? ["clone-before-work", "reset-copied", "reset-stopped", "reset-switched", "clone-before-report"]
        : ["reset-switched"];

    private static readonly string[] Deletions = IsLong
        ? ["clone-before-work", "destroy-buried", "destroy-stopped", "destroy-moved", "clone-before-report"]
        : ["destroy-stopped"];

    [Fact]
    public async Task Should_bring_every_clone_to_its_end_and_leave_nothing()
    {
        Assert.SkipUnless(IsLong, "It takes minutes: ./test --long.");
        await using var system = await CloneSystem.StartAsync(servers);
        var snapshot = await system.TakeSnapshotAsync();
        await system.AskForCloneAsync("witness");
        var witness = await system.SettledAsync("/clone/witness");
        await CloneSystem.QueryAsync(witness, "UPDATE thing SET note = 'mine' WHERE id = 1");

        var id = "";
        foreach (var point in Creations)
        {
            id = $"c-{point}";
            await DieAsync(system, point, () => system.AskForCloneAsync(id));
            var clone = await system.SettledAsync($"/clone/{id}");
            Assert.True(clone.GetProperty("status").GetProperty("code").GetString() is "OK", $"{point}: {clone}");
            Assert.Equal("1000", await CloneSystem.QueryAsync(clone, "SELECT count(*) FROM thing"));
        }

        foreach (var point in Resets)
        {
            await CloneSystem.QueryAsync(await system.SettledAsync($"/clone/{id}"), "DELETE FROM thing");
            await DieAsync(system, point, async () => Assert.Equal(200, (await system.AskAsync("POST", $"/clone/{id}/reset")).Status));
            var clone = await system.SettledAsync($"/clone/{id}");
            Assert.True(clone.GetProperty("status").GetProperty("code").GetString() is "OK", $"{point}: {clone}");
            Assert.Equal("1000", await CloneSystem.QueryAsync(clone, "SELECT count(*) FROM thing"));
        }

        // Each death was a reboot for a clone that nobody touched: it is there, with what was written to it, at its port.
        var back = await system.SettledAsync("/clone/witness");
        Assert.Equal(witness.GetProperty("db").GetProperty("port").GetString(), back.GetProperty("db").GetProperty("port").GetString());
        Assert.Equal("mine", await CloneSystem.QueryAsync(back, "SELECT note FROM thing WHERE id = 1"));

        foreach (var point in Deletions)
        {
            await system.AskForCloneAsync($"d-{point}");
            await system.SettledAsync($"/clone/d-{point}");
            await DieAsync(system, point, async () => Assert.Equal(200, (await system.AskAsync("DELETE", $"/clone/d-{point}")).Status));
            await system.UntilGoneAsync($"/clone/d-{point}");
        }

        foreach (var left in (await system.AskAsync("GET", "/clones")).Body.EnumerateArray().Select(clone => clone.GetProperty("id").GetString()!).ToList())
        {
            Assert.Equal(200, (await system.AskAsync("DELETE", $"/clone/{left}")).Status);
            await system.UntilGoneAsync($"/clone/{left}");
        }

        Assert.Equal(200, (await system.AskAsync("DELETE", $"/snapshot/{snapshot}")).Status);
        await system.UntilGoneAsync($"/snapshot/{snapshot}");
        await Wait.UntilAsync(() => Task.FromResult(system.Processes().Count == 0), "no process left");
        foreach (var directory in (string[])["clones", "snapshots", "new", "gone"])
            Assert.Empty(system.Entries(directory));
        Assert.DoesNotContain(system.Directory + "/clones/", await File.ReadAllTextAsync("/proc/mounts", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await system.Place.ScalarAsync<long>("SELECT count(*) FROM timer WHERE exchange LIKE 'orchestrator.clones.%'"));
        Assert.Equal(0, await system.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    private static async Task DieAsync(CloneSystem system, string point, Func<Task> cause)
    {
        await system.Worker.StopAsync();
        await system.Worker.RestartAsync(("ORCHESTRATOR_FAIL_POINT", $"{point}:1"));
        await system.Worker.UntilReadyAsync(TimeSpan.FromMinutes(1));
        await cause();
        Assert.Equal(137, await system.Worker.Exit.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        await system.Worker.RestartAsync(("ORCHESTRATOR_FAIL_POINT", ""));
        await system.Worker.UntilReadyAsync(TimeSpan.FromMinutes(1));
    }
}
