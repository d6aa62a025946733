using System.Text.Json;
using Npgsql;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>
/// A fail point ends the worker as kill -9 does, at each step of a creation, a reset and a deletion: when a worker is there
/// again, everything comes to the end that was asked for, and nothing is left over. Each death is a reboot for all clones.
/// </summary>
public sealed class When_a_worker_dies_over_a_clone(Servers servers)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is "1";

    // In the short dose no step of one is passed while the one before is made up for.
    private static readonly (Work Work, string Point)[] Deaths = IsLong
        ?
        [
            (Work.Create, "clone-before-work"), (Work.Create, "clone-begun"), (Work.Create, "clone-copied"), (Work.Create, "clone-placed"),
            (Work.Create, "clone-started"), (Work.Create, "clone-prepared"), (Work.Create, "clone-before-report"),
            (Work.Reset, "clone-before-work"), (Work.Reset, "reset-copied"), (Work.Reset, "reset-stopped"), (Work.Reset, "reset-switched"),
            (Work.Reset, "clone-started"), (Work.Reset, "clone-before-report"),
            (Work.Delete, "clone-before-work"), (Work.Delete, "destroy-buried"), (Work.Delete, "destroy-stopped"), (Work.Delete, "destroy-moved"),
            (Work.Delete, "clone-before-report"),
        ]
        : [(Work.Create, "clone-before-report"), (Work.Reset, "reset-switched"), (Work.Delete, "destroy-moved")];

    private enum Work
    {
        Create,
        Reset,
        Delete,
    }

    [Fact]
    public async Task Should_bring_every_clone_to_its_end_and_leave_nothing()
    {
        // The witness passes the first point once.
        await using var system = await CloneSystem.StartAsync(servers, ("ORCHESTRATOR_FAIL_POINT", $"{Deaths[0].Point}:2"));
        var snapshot = await system.TakeSnapshotAsync();
        await system.AskForCloneAsync("witness");
        var witness = await system.SettledAsync("/clone/witness");
        await QueryAsync(witness, "UPDATE thing SET note = 'mine' WHERE id = 1");

        var made = 0;
        for (var i = 0; i < Deaths.Length; i++)
        {
            var (work, point) = Deaths[i];
            var next = i + 1 < Deaths.Length ? Deaths[i + 1] : default;
            if (work is Work.Create)
                made++;
            await AskAsync(system, work, $"clone-{made}");
            Assert.Equal(137, await system.Worker.Exit.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
            await RestartAsync(system, IsLong ? null : next.Point);
            await CheckAsync(system, work, point, $"clone-{made}");
            if (!IsLong)
                continue;
            if (next is { Work: Work.Delete, Point: not null } && work is Work.Delete)
            {
                await system.AskForCloneAsync($"clone-{++made}");
                await system.SettledAsync($"/clone/clone-{made}");
            }

            await system.Worker.KillAsync();
            await RestartAsync(system, next.Point);
        }

        // What was written before all that is there, at the same port.
        var back = await system.SettledAsync("/clone/witness");
        Assert.Equal(witness.GetProperty("db").GetProperty("port").GetString(), back.GetProperty("db").GetProperty("port").GetString());
        Assert.Equal("mine", await QueryAsync(back, "SELECT note FROM thing WHERE id = 1"));
        await MeetAsync(system);
        await LeavesNothingAsync(system, snapshot);
    }

    private static async Task AskAsync(CloneSystem system, Work work, string id)
    {
        switch (work)
        {
            case Work.Create:
                await system.AskForCloneAsync(id);
                break;
            case Work.Reset:
                await QueryAsync(await system.SettledAsync($"/clone/{id}"), "DELETE FROM thing");
                // A host that has just come back is known a moment later.
                var answer = await Wait.ForAsync(() => system.AskAsync("POST", $"/clone/{id}/reset"), answer => answer.Status != 409, "a host that resets the clone", TimeSpan.FromMinutes(1));
                Assert.True(answer.Status == 200, $"{answer.Status} {answer.Body}");
                break;
            default:
                Assert.Equal(200, (await system.AskAsync("DELETE", $"/clone/{id}")).Status);
                break;
        }
    }

    private static async Task CheckAsync(CloneSystem system, Work work, string point, string id)
    {
        if (work is Work.Delete)
        {
            await system.UntilGoneAsync($"/clone/{id}");
            return;
        }

        var clone = await system.SettledAsync($"/clone/{id}");
        Assert.True(clone.GetProperty("status").GetProperty("code").GetString() is "OK", $"{work} {point}: {clone}");
        Assert.Equal("1000", await QueryAsync(clone, "SELECT count(*) FROM thing"));
    }

    // Deleted while it is created, and while it is reset.
    private static async Task MeetAsync(CloneSystem system)
    {
        await system.AskForCloneAsync("hasty");
        await AskAsync(system, Work.Delete, "hasty");
        await system.UntilGoneAsync("/clone/hasty");
        await AskAsync(system, Work.Reset, "witness");
        await AskAsync(system, Work.Delete, "witness");
        await system.UntilGoneAsync("/clone/witness");
    }

    private static async Task LeavesNothingAsync(CloneSystem system, string snapshot)
    {
        foreach (var left in (await system.AskAsync("GET", "/clones")).Body.EnumerateArray().Select(clone => clone.GetProperty("id").GetString()!).ToList())
        {
            await AskAsync(system, Work.Delete, left);
            await system.UntilGoneAsync($"/clone/{left}");
        }

        Assert.Equal(200, (await system.AskAsync("DELETE", $"/snapshot/{snapshot}")).Status);
        await system.UntilGoneAsync($"/snapshot/{snapshot}");
        await Wait.UntilAsync(() => Task.FromResult(system.Processes().Count == 0), "no process left");
        foreach (var directory in (string[])["clones", "snapshots", "new", "gone"])
            Assert.Empty(system.Entries(directory));
        Assert.DoesNotContain(system.Directory + "/clones/", await File.ReadAllTextAsync("/proc/mounts", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await system.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
        var pool = (await system.AskAsync("GET", "/status")).Body.GetProperty("pools")[0];
        Assert.Equal(pool.GetProperty("ports").GetInt32(), pool.GetProperty("freePorts").GetInt32());
    }

    private static async Task RestartAsync(CloneSystem system, string? point)
    {
        await system.Worker.RestartAsync(("ORCHESTRATOR_FAIL_POINT", point is null ? "" : $"{point}:1"));
        await system.Worker.UntilReadyAsync(TimeSpan.FromMinutes(1));
    }

    // Its row says OK already while the host that came back still starts it.
    private static Task<string> QueryAsync(JsonElement clone, string sql) => Wait.ForAsync(
        async () =>
        {
            try
            {
                return await CloneSystem.QueryAsync(clone, sql);
            }
            catch (NpgsqlException)
            {
                return null;
            }
        },
        answer => answer is not null, sql, TimeSpan.FromMinutes(1))!;
}
