using System.Text.Json;
using Orchestrator.Tests.Calls.Agent;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>A real Docker engine: its containers live on when their worker is killed.</summary>
[Collection(nameof(DockerStand))]
public sealed class When_instances_run_in_docker(DockerStand docker, Servers servers)
{
    [Fact]
    public async Task Should_be_adopted_by_the_worker_that_is_started_again()
    {
        Assert.SkipWhen(docker.Fault is not null, docker.Fault ?? "");
        await using var fleet = await Fleet.StartAllAsync(
            servers, "engine", ("Runtimes__Kind", "docker"), ("Runtimes__DockerSocket", docker.DockerSocket),
            ("Instances__CoolDown", "00:00:00"), ("Instances__AskPatience", "00:00:00.500"));
        var (place, host) = (fleet.Place, fleet.Api);
        var app = await AddAppAsync(fleet, "sleep 300");
        var lives = await fleet.CreateAsync(app);
        Assert.Equal("running", lives.GetProperty("status").GetString());
        var ends = await fleet.CreateAsync(await AddAppAsync(fleet, "trap 'exit 0' TERM; while true; do sleep 0.1; done"));

        await host.KillAsync();
        // It does its work to the end while nobody looks.
        await docker.DockerAsync("kill", "--signal", "TERM", ends.GetProperty("containerId").GetString()!);
        await docker.DockerAsync("wait", ends.GetProperty("containerId").GetString()!);
        await host.RestartAsync();
        await host.UntilReadyAsync();

        await fleet.UntilAsync(ends.GetProperty("id").GetInt64(), "terminated", "exited");
        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT incarnation = 2 FROM placement WHERE instance = $1", lives.GetProperty("guid").GetGuid()), "adopted");
        var adopted = await fleet.ReadAsync(lives.GetProperty("id").GetInt64());
        Assert.Equal(("running", 1, lives.GetProperty("containerId").GetString()), (
            adopted.GetProperty("status").GetString(), adopted.GetProperty("attempt").GetInt32(), adopted.GetProperty("containerId").GetString()));
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'instance' AND what = 'failed'"));
        Assert.Equal(2L, await fleet.CountAsync("true"));

        await ShouldBeAskedAsync(fleet);
        Assert.Equal(1, (await fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate")).Body.GetProperty("terminated").GetInt32());
        await Wait.UntilAsync(async () => await fleet.CountAsync("status <> 'terminated'") == 0, "terminated");
        Assert.Equal("", await docker.DockerAsync("ps", "--all", "--quiet", "--filter", "label=orchestrator.purpose=instance"));
    }

    // A runner that catches the question stays; it is not taken for idle.
    private static async Task ShouldBeAskedAsync(Fleet fleet)
    {
        var app = await AddAppAsync(fleet, "trap : USR2; while true; do sleep 0.1; done");
        await SetAsync(1);
        await Wait.UntilAsync(async () => await fleet.CountAsync("flavor_name = 'runner' AND status = 'running'") == 1, "running");
        await SetAsync(0);
        await Wait.UntilAsync(() => fleet.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM resource_event WHERE kind = 'instance' AND what = 'stays')"), "one that stays");
        Assert.Equal(1L, await fleet.CountAsync("flavor_name = 'runner' AND status = 'running'"));
        await fleet.AskAsync("DELETE", "/api/v1/flavors/runner");
        await fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");

        Task SetAsync(int demand) => fleet.AskAsync(
            "PUT", "/api/v1/flavors/runner", $$$"""{"labels":["runner"],"minimum_pressure":{{{demand}}},"maximum_pressure":2,"provision":{"app":{{{app}}},"instance_type":"small"}}""");
    }

    private static async Task<long> AddAppAsync(Fleet fleet, string script)
    {
        var (status, body) = await fleet.AskAsync(
            "POST", "/api/v1/apps", $$"""{"name":"a{{Guid.CreateVersion7():N}}","image":"file:1","command":{{JsonSerializer.Serialize(new[] { "sh", "-c", script })}},"graceSeconds":0.2}""");
        Assert.True(status == 201, body.GetRawText());
        return body.GetProperty("id").GetInt64();
    }
}
