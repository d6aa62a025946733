using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

public sealed class When_a_node_is_lost(Servers servers)
{
    private const int Count = 20;

    [Fact]
    public async Task Should_replace_what_it_ran_on_another_and_fence_it_when_it_comes_back()
    {
        await using var fleet = await Fleet.StartAsync(servers);
        var first = await fleet.AddWorkerAsync("first");
        var app = await fleet.AddAppAsync("exec sleep 300", ""","restartPolicy":{"attempts":5}""");
        var created = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => fleet.CreateAsync(app)));
        Assert.All(created, instance => Assert.Equal(("running", "first"), (instance.GetProperty("status").GetString(), instance.GetProperty("nodeName").GetString())));
        var second = await fleet.AddWorkerAsync("second");
        // A lease is judged only by who has seen the database long enough.
        await first.KillAsync();
        await Wait.UntilAsync(async () => await fleet.CountAsync("status = 'failed' AND reason_code = 'node_lost'") == Count, "failed", TimeSpan.FromSeconds(40));
        await Wait.UntilAsync(async () => await fleet.CountAsync("status = 'running' AND node_name = 'second'") == Count, "replaced", TimeSpan.FromSeconds(40));
        Assert.Equal(Count, await fleet.CountAsync("replaces IS NOT NULL AND status = 'running'"));

        await first.RestartAsync();
        await Wait.UntilAsync(() => fleet.Place.ScalarAsync<bool>("SELECT state = 'active' AND incarnation = 2 FROM node WHERE name = 'first'"), "back", TimeSpan.FromSeconds(40));
        Assert.All(created, instance => Assert.Empty(Fleet.ProcessesOf(instance.GetProperty("guid").GetGuid())));
        Assert.Equal(Count, await fleet.CountAsync("status = 'running'"));
        Assert.Equal(0L, await fleet.Place.ScalarAsync<long>("SELECT count(*) FROM placement WHERE node = 'first'"));
        _ = second;
    }

    [Fact]
    public async Task Should_end_what_is_no_longer_its_own_when_it_only_hung()
    {
        await using var fleet = await Fleet.StartAsync(servers);
        var first = await fleet.AddWorkerAsync("first");
        var app = await fleet.AddAppAsync("exec sleep 300");
        var guid = (await fleet.CreateAsync(app)).GetProperty("guid").GetGuid();
        await fleet.AddWorkerAsync("second");
        first.Freeze();
        await Wait.UntilAsync(async () => await fleet.CountAsync("status = 'running' AND node_name = 'second'") == 1, "replaced", TimeSpan.FromSeconds(40));
        first.Thaw();
        // By the first itself, or by the second before: on one machine either sees what nobody has a claim to.
        await Wait.UntilAsync(() => Task.FromResult(Fleet.ProcessesOf(guid).Count == 0), "fenced");
        await Wait.UntilAsync(() => fleet.Place.ScalarAsync<bool>("SELECT state = 'active' AND incarnation = 2 FROM node WHERE name = 'first'"), "a new life");
        Assert.Equal(1, await fleet.CountAsync("status = 'running'"));
    }

    [Fact]
    public async Task Should_move_what_is_there_when_a_node_is_drained()
    {
        await using var fleet = await Fleet.StartAsync(servers);
        var first = await fleet.AddWorkerAsync("first");
        var app = await fleet.AddAppAsync("exec sleep 300");
        var guids = new List<Guid>();
        for (var i = 0; i < 3; i++)
            guids.Add((await fleet.CreateAsync(app)).GetProperty("guid").GetGuid());
        await fleet.AddWorkerAsync("second");
        Assert.Equal(202, (await fleet.AskAsync("POST", "/api/v1/nodes/first/drain", """{"deadlineSeconds":60}""")).Status);
        await Wait.UntilAsync(() => fleet.Place.ScalarAsync<bool>("SELECT state = 'drained' FROM node WHERE name = 'first'"), "drained", TimeSpan.FromSeconds(60));
        Assert.Equal(3, await fleet.CountAsync("status = 'running' AND node_name = 'second' AND replaces IS NOT NULL"));
        Assert.All(guids, guid => Assert.Empty(Fleet.ProcessesOf(guid)));
        // Never fewer than there were: the old one ends when the new one runs.
        Assert.Equal(3, await fleet.CountAsync("status = 'terminated' AND reason_code = 'drained'"));
        Assert.Equal("second", (await fleet.CreateAsync(app)).GetProperty("nodeName").GetString());
        // Drained is drained, whatever becomes of its worker meanwhile, until it is opened.
        await first.KillAsync();
        await first.RestartAsync();
        await Wait.UntilAsync(() => fleet.Place.ScalarAsync<bool>("SELECT state = 'drained' AND incarnation = 2 FROM node WHERE name = 'first'"), "back", TimeSpan.FromSeconds(60));
        Assert.Equal("active", (await fleet.AskAsync("POST", "/api/v1/nodes/first/open")).Body.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Should_hand_over_when_its_worker_is_asked_to_stop()
    {
        await using var fleet = await Fleet.StartAsync(servers);
        var first = await fleet.AddWorkerAsync("first");
        var app = await fleet.AddAppAsync("exec sleep 300");
        var guid = (await fleet.CreateAsync(app)).GetProperty("guid").GetGuid();
        await fleet.AddWorkerAsync("second");
        Assert.Equal(0, await first.StopAsync());
        await Wait.UntilAsync(async () => await fleet.CountAsync("status = 'running' AND node_name = 'second'") == 1, "replaced");
        Assert.Empty(Fleet.ProcessesOf(guid));
    }
}
