using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>Two nodes: what the first one runs when it dies, hangs, is drained or is asked to stop goes on at the second.</summary>
public sealed class When_a_node_is_lost(When_a_node_is_lost.TwoNodes nodes) : IClassFixture<When_a_node_is_lost.TwoNodes>
{
    private const int Count = 20;

    private readonly Fleet _fleet = nodes.Fleet;

    [Fact]
    public async Task Should_replace_what_it_ran_on_another_and_fence_it_when_it_comes_back()
    {
        var app = await nodes.AddAppAsync(""","restartPolicy":{"attempts":5}""");
        var created = await nodes.RunOnFirstAsync(app, Count);
        // A lease is judged only by who has seen the database long enough.
        await nodes.First.KillAsync();
        await Wait.UntilAsync(async () => await CountAsync(app, "status = 'failed' AND reason_code = 'node_lost'") == Count, "failed", TimeSpan.FromSeconds(40));
        await Wait.UntilAsync(async () => await CountAsync(app, "status = 'running' AND node_name = 'second'") == Count, "replaced", TimeSpan.FromSeconds(40));
        Assert.Equal(Count, await CountAsync(app, "replaces IS NOT NULL AND status = 'running'"));

        var life = await nodes.LifeAsync();
        await nodes.First.RestartAsync();
        await nodes.BackAsync(life);
        Assert.All(created, guid => Assert.Empty(Fleet.ProcessesOf(guid)));
        Assert.Equal(Count, await CountAsync(app, "status = 'running'"));
        Assert.Equal(0L, await _fleet.Place.ScalarAsync<long>("SELECT count(*) FROM placement WHERE node = 'first'"));
        await nodes.EndAsync(app);
    }

    [Fact]
    public async Task Should_end_what_is_no_longer_its_own_when_it_only_hung()
    {
        var app = await nodes.AddAppAsync();
        var guid = (await nodes.RunOnFirstAsync(app, 1))[0];
        var life = await nodes.LifeAsync();
        nodes.First.Freeze();
        await Wait.UntilAsync(async () => await CountAsync(app, "status = 'running' AND node_name = 'second'") == 1, "replaced", TimeSpan.FromSeconds(40));
        nodes.First.Thaw();
        // By the first itself, or by the second before: on one machine either sees what nobody has a claim to.
        await Wait.UntilAsync(() => Task.FromResult(Fleet.ProcessesOf(guid).Count == 0), "fenced");
        await nodes.BackAsync(life);
        Assert.Equal(1, await CountAsync(app, "status = 'running'"));
        await nodes.EndAsync(app);
    }

    [Fact]
    public async Task Should_move_what_is_there_when_a_node_is_drained()
    {
        var app = await nodes.AddAppAsync();
        var guids = await nodes.RunOnFirstAsync(app, 3);
        Assert.Equal(202, (await _fleet.AskAsync("POST", "/api/v1/nodes/first/drain", """{"deadlineSeconds":60}""")).Status);
        await nodes.UntilAsync("first", "drained");
        Assert.Equal(3, await CountAsync(app, "status = 'running' AND node_name = 'second' AND replaces IS NOT NULL"));
        Assert.All(guids, guid => Assert.Empty(Fleet.ProcessesOf(guid)));
        // Never fewer than there were: the old one ends when the new one runs.
        Assert.Equal(3, await CountAsync(app, "status = 'terminated' AND reason_code = 'drained'"));
        Assert.Equal("second", (await _fleet.CreateAsync(app)).GetProperty("nodeName").GetString());
        // Drained is drained, whatever becomes of its worker meanwhile, until it is opened.
        var life = await nodes.LifeAsync();
        await nodes.First.KillAsync();
        await nodes.First.RestartAsync();
        await nodes.BackAsync(life, "drained");
        Assert.Equal("active", (await _fleet.AskAsync("POST", "/api/v1/nodes/first/open")).Body.GetProperty("state").GetString());
        await nodes.EndAsync(app);
    }

    [Fact]
    public async Task Should_hand_over_when_its_worker_is_asked_to_stop()
    {
        var app = await nodes.AddAppAsync();
        var guid = (await nodes.RunOnFirstAsync(app, 1))[0];
        var life = await nodes.LifeAsync();
        Assert.Equal(0, await nodes.First.StopAsync());
        await Wait.UntilAsync(async () => await CountAsync(app, "status = 'running' AND node_name = 'second'") == 1, "replaced");
        Assert.Empty(Fleet.ProcessesOf(guid));
        await nodes.First.RestartAsync();
        await nodes.BackAsync(life);
        await nodes.EndAsync(app);
    }

    private Task<long> CountAsync(long app, string where) => _fleet.CountAsync($"app_id = {app} AND {where}");

    public sealed class TwoNodes(Servers servers) : IAsyncLifetime
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

        public Fleet Fleet { get; private set; } = null!;

        public Host First { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Fleet = await Fleet.StartAsync(servers);
            First = await Fleet.AddWorkerAsync("first");
            await Fleet.AddWorkerAsync("second");
        }

        public ValueTask DisposeAsync() => Fleet.DisposeAsync();

        public Task<long> AddAppAsync(string more = "") => Fleet.AddAppAsync("exec sleep 300", more);

        /// <summary>Instances of an app on the first node; gives their guids.</summary>
        public async Task<List<Guid>> RunOnFirstAsync(long app, int count)
        {
            Assert.Equal(202, (await Fleet.AskAsync("POST", "/api/v1/nodes/second/drain")).Status);
            await UntilAsync("second", "drained");
            var created = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Fleet.CreateAsync(app)));
            Assert.All(created, instance => Assert.Equal(("running", "first"), (instance.GetProperty("status").GetString(), instance.GetProperty("nodeName").GetString())));
            Assert.Equal(200, (await Fleet.AskAsync("POST", "/api/v1/nodes/second/open")).Status);
            return [.. created.Select(instance => instance.GetProperty("guid").GetGuid())];
        }

        public Task UntilAsync(string node, string state) =>
            Wait.UntilAsync(() => Fleet.Place.ScalarAsync<bool>("SELECT state = $2 FROM node WHERE name = $1", node, state), $"{node} {state}", Patience);

        public Task<long> LifeAsync() => Fleet.Place.ScalarAsync<long>("SELECT incarnation FROM node WHERE name = 'first'");

        /// <summary>Waits until the first node is in a later life.</summary>
        public Task BackAsync(long life, string state = "active") => Wait.UntilAsync(
            () => Fleet.Place.ScalarAsync<bool>("SELECT state = $2 AND incarnation > $1 FROM node WHERE name = 'first'", life, state), "back", Patience);

        public async Task EndAsync(long app)
        {
            await Fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");
            await Wait.UntilAsync(() => Fleet.Place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM placement WHERE app_id = $1)", app), "ended");
        }
    }
}
