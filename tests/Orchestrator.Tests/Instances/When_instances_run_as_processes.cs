using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>One node, real processes: what its users see of the life of an instance.</summary>
public sealed class When_instances_run_as_processes(When_instances_run_as_processes.OneNode node) : IClassFixture<When_instances_run_as_processes.OneNode>
{
    private readonly Fleet _fleet = node.Fleet;

    [Fact]
    public async Task Should_run_until_it_is_terminated_and_leave_nothing()
    {
        var app = await _fleet.AddAppAsync("exec sleep 300");
        var created = await _fleet.CreateAsync(app);
        Assert.Equal("running", created.GetProperty("status").GetString());
        Assert.Matches("^[0-9]+:[0-9]+$", created.GetProperty("containerId").GetString());
        Assert.Equal("one", created.GetProperty("nodeName").GetString());
        var guid = created.GetProperty("guid").GetGuid();
        await Fleet.UntilExecutedAsync(guid);
        var (status, body) = await _fleet.AskAsync("PATCH", $"/api/v1/instances/{created.GetProperty("id").GetInt64()}", """{"instanceStatus":"terminated"}""");
        Assert.True(status == 200, body.GetRawText());
        Assert.Equal("terminated", body.GetProperty("status").GetString());
        Assert.Empty(Fleet.ProcessesOf(guid));
        Assert.Equal(0L, await _fleet.Place.ScalarAsync<long>("SELECT count(*) FROM placement WHERE instance = $1", guid));
    }

    [Fact]
    public async Task Should_kill_what_does_not_end_within_its_grace()
    {
        var app = await _fleet.AddAppAsync("trap '' TERM; while true; do sleep 1; done");
        var created = await _fleet.CreateAsync(app);
        var (_, body) = await _fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");
        Assert.Equal(1, body.GetProperty("terminated").GetInt32());
        await _fleet.UntilAsync(created.GetProperty("id").GetInt64(), "terminated");
        Assert.Empty(Fleet.ProcessesOf(created.GetProperty("guid").GetGuid()));
    }

    [Fact]
    public async Task Should_stop_and_start_again()
    {
        var app = await _fleet.AddAppAsync("exec sleep 300");
        var id = (await _fleet.CreateAsync(app)).GetProperty("id").GetInt64();
        Assert.Equal("stopped", (await _fleet.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"instanceStatus":"stopped"}""")).Body.GetProperty("status").GetString());
        Assert.Equal("provisioning", (await _fleet.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"instanceStatus":"running"}""")).Body.GetProperty("status").GetString());
        await _fleet.UntilAsync(id, "running");
        Assert.Equal(2, (await _fleet.ReadAsync(id)).GetProperty("attempt").GetInt32());
        await _fleet.AskAsync("DELETE", $"/api/v1/instances/{id}?force=true");
    }

    [Fact]
    public async Task Should_restart_what_fails_by_its_policy_and_then_give_up()
    {
        var app = await _fleet.AddAppAsync("echo the disk is on fire >&2; exit 3", ""","restartPolicy":{"attempts":2,"delaySeconds":0.1}""");
        var id = (await _fleet.CreateAsync(app)).GetProperty("id").GetInt64();
        await Wait.UntilAsync(() => _fleet.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM instance WHERE id = $1 AND instance_status = 'failed')", id), "given up");
        var body = await _fleet.ReadAsync(id);
        Assert.Equal(("failed", 3, 2, 3), (
            body.GetProperty("instanceStatus").GetString(), body.GetProperty("attempt").GetInt32(), body.GetProperty("restarts").GetInt32(),
            body.GetProperty("exitCode").GetInt32()));
        Assert.Contains("the disk is on fire", body.GetProperty("reasonDetail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_react_to_pressure_at_once_and_leave_alone_who_stays_when_asked()
    {
        // It catches the question and goes on: it works, whatever is known of its job.
        var app = await _fleet.AddAppAsync("trap : USR2; while true; do sleep 0.05; done", ""","restartPolicy":{"mode":"no"}""");
        var name = $"f{Guid.CreateVersion7():N}";
        var reactions = new List<TimeSpan>();
        for (var demand = 0; demand <= 3; demand++)
        {
            var (status, body) = await _fleet.AskAsync(
                "PUT", $"/api/v1/flavors/{name}",
                $$$"""{"labels":["{{{name}}}"],"minimum_pressure":{{{demand}}},"maximum_pressure":9,"provision":{"app":{{{app}}},"instance_type":"small"}}""");
            Assert.True(status is >= 200 and < 300, body.ToString());
            if (demand == 0)
                continue;
            await Wait.UntilAsync(async () => await _fleet.CountAsync($"flavor_name = '{name}' AND status = 'running'") == demand, $"{demand} running");
            reactions.Add(await _fleet.Place.ScalarAsync<TimeSpan>(
                "SELECT max(i.created_at) - (SELECT max(at) FROM resource_event WHERE kind = 'flavor' AND key = $1) FROM instance i WHERE flavor_name = $2", $"github/{name}", name));
        }

        // The best of them: the machine may be busy with something else.
        Assert.True(reactions.Min() < TimeSpan.FromSeconds(1), string.Join(", ", reactions));
        await _fleet.AskAsync(
            "PUT", $"/api/v1/flavors/{name}", $$$"""{"labels":["{{{name}}}"],"minimum_pressure":0,"maximum_pressure":9,"provision":{"app":{{{app}}},"instance_type":"small"}}""");
        await Wait.UntilAsync(() => _fleet.Place.ScalarAsync<bool>(
            "SELECT count(DISTINCT key) = 3 FROM resource_event WHERE kind = 'instance' AND what = 'stays' AND key IN (SELECT id::text FROM instance WHERE flavor_name = $1)", name), "three that stay");
        Assert.Equal(3L, await _fleet.CountAsync($"flavor_name = '{name}' AND status = 'running'"));
        await _fleet.AskAsync("DELETE", $"/api/v1/flavors/{name}");
        await _fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");
        await Wait.UntilAsync(async () => await _fleet.CountAsync($"flavor_name = '{name}' AND status = 'terminated'") == 3, "gone");
    }

    [Fact]
    public async Task Should_be_terminated_when_its_work_is_done()
    {
        var app = await _fleet.AddAppAsync("exit 0");
        var id = (await _fleet.CreateAsync(app)).GetProperty("id").GetInt64();
        await _fleet.UntilAsync(id, "terminated", "exited");
    }

    [Fact]
    public async Task Should_fail_what_cannot_be_started()
    {
        var (_, app) = await _fleet.AskAsync("POST", "/api/v1/apps", $$$"""{"name":"a{{{Guid.CreateVersion7():N}}}","image":"no/such:image","restartPolicy":{"mode":"no"}}""");
        var body = await _fleet.CreateAsync(app.GetProperty("id").GetInt64());
        Assert.Equal(("failed", "start_failed"), (body.GetProperty("status").GetString(), body.GetProperty("reason").GetString()));
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("http")]
    public async Task Should_be_running_when_its_health_check_passes_and_restart_when_it_fails(string type)
    {
        // Serves while the file is there, with one of the ports that the node gave it.
        const string server = """
            exec python3 -c '
            import http.server,os,threading,time
            time.sleep(0.5)
            s=http.server.ThreadingHTTPServer(("127.0.0.1",int(os.environ["PORT_8080"])),http.server.SimpleHTTPRequestHandler)
            threading.Thread(target=s.serve_forever,daemon=True).start()
            while not os.path.exists("/tmp/ill"): time.sleep(0.1)
            s.shutdown(); s.server_close()
            time.sleep(300)'
            """;
        var app = await _fleet.AddAppAsync(
            server,
            $$$""","ports":[8080],"healthCheck":{"type":"{{{type}}}","intervalSeconds":0.2,"unhealthyThreshold":2,"healthyThreshold":2},"restartPolicy":{"delaySeconds":0.1}""");
        var body = await _fleet.CreateAsync(app);
        Assert.Equal("running", body.GetProperty("status").GetString());
        var id = body.GetProperty("id").GetInt64();
        var pid = Fleet.ProcessesOf(body.GetProperty("guid").GetGuid())[^1];
        await File.WriteAllTextAsync($"/proc/{pid}/root/tmp/ill", "x", TestContext.Current.CancellationToken);
        await Wait.UntilAsync(() => _fleet.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM resource_event WHERE kind = 'instance' AND key = $1 AND reason LIKE 'unhealthy%')", id.ToString(System.Globalization.CultureInfo.InvariantCulture)), "unhealthy");
        await Wait.UntilAsync(() => _fleet.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM instance WHERE id = $1 AND status = 'running' AND attempt > 1)", id), "running again");
        await _fleet.AskAsync("DELETE", $"/api/v1/instances/{id}?force=true");
        await Wait.UntilAsync(() => Task.FromResult(Fleet.ProcessesOf(body.GetProperty("guid").GetGuid()).Count == 0), "gone");
    }

    public sealed class OneNode(Servers servers) : IAsyncLifetime
    {
        public Fleet Fleet { get; private set; } = null!;

        public async ValueTask InitializeAsync() =>
            Fleet = await Fleet.StartAllAsync(servers, "one", ("Instances__CoolDown", "00:00:00"), ("Instances__AskPatience", "00:00:00.500"));

        public ValueTask DisposeAsync() => Fleet.DisposeAsync();
    }
}
