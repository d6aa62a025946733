using System.Text.Json;
using Orchestrator.Local.Demo.Actions;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Actions.Declarative;

/// <summary><c>examples/launch-simulation</c>, as <c>./run</c> registers it.</summary>
[Collection(nameof(DeclaredHost))]
public sealed class When_a_simulation_is_launched(DeclaredHost host)
{
    [Fact]
    public async Task Should_run_until_it_is_stopped()
    {
        var launched = await host.RunAsync("launch-simulation");
        var id = launched.GetProperty("id").GetGuid();

        Assert.Equal("Succeeded", launched.GetProperty("outcome").GetString());
        Assert.Equal(SimulationProcesses.Of(id), [launched.GetProperty("output").GetProperty("pid").GetInt32()]);
        Assert.True(File.Exists(Path.Combine(host.Simulations, "running", $"{id}.json")));

        Assert.Equal("Succeeded", (await host.RunAsync("stop-simulation")).GetProperty("outcome").GetString());
        Assert.Empty(SimulationProcesses.Of(id));
        Assert.False(Directory.Exists(Path.Combine(host.Simulations, $"{id}")));
        Assert.False(File.Exists(Path.Combine(host.Simulations, "running", $"{id}.json")));
    }

    [Theory]
    [InlineData("launch", "launch")]
    [InlineData("wait", "launch")]
    [InlineData("configure", "configure, launch")]
    [InlineData("check", "configure, launch")]
    [InlineData("mark", "mark, configure, launch")]
    public async Task Should_be_undone_when_any_of_its_jobs_fails(string job, string undone)
    {
        var launched = await host.RunAsync("launch-simulation", JsonSerializer.Serialize(new { failAt = job }));
        var id = launched.GetProperty("id").GetGuid();

        Assert.Equal(("RolledBack", job), (launched.GetProperty("outcome").GetString(), launched.GetProperty("failedJob").GetString()));
        Assert.Equal(undone, string.Join(", ", launched.GetProperty("attempts").EnumerateArray().Where(attempt => attempt.GetProperty("isRollback").GetBoolean()).Select(attempt => attempt.GetProperty("job").GetString())));
        Assert.Empty(SimulationProcesses.Of(id));
        Assert.False(Directory.Exists(Path.Combine(host.Simulations, $"{id}")));
        Assert.False(File.Exists(Path.Combine(host.Simulations, "running", $"{id}.json")));
    }

    [Fact]
    public async Task Should_run_on_instances_until_they_are_stopped()
    {
        foreach (var name in (string[])["launch-simulations", "stop-simulations"])
            await host.RegisterAsync(await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "examples", "launch-simulation", "Definitions", $"{name}.yaml"), TestContext.Current.CancellationToken));
        var program = Path.Combine(Path.GetDirectoryName(Checkout.Host("Orchestrator.Examples.LaunchSimulation"))!, "Orchestrator.Examples.Simulation.dll");
        var (_, app) = await host.AskAsync("POST", "/api/v1/apps", JsonSerializer.Serialize(new
        {
            name = DeclaredHost.NewName(),
            command = (string[])["/bin/sh", "-c", """mkdir -p /tmp/simulation && exec "$@" /tmp/simulation""", "sh", Binaries.Require("dotnet"), program],
            env = new { DOTNET_gcServer = "0", DOTNET_NOLOGO = "1" },
            ports = (int[])[7000],
            healthCheck = new { type = "tcp" },
        }));
        var id = app.GetProperty("id").GetInt64();

        var launched = await host.RunAsync("launch-simulations", JsonSerializer.Serialize(new { app = id, instanceType = "large" }));

        Assert.True(launched.GetProperty("outcome").GetString() is "Succeeded", launched.ToString());
        var running = (await host.AskAsync("GET", $"/api/v1/apps/{id}/instances/running")).Body.GetProperty("instances").EnumerateArray().ToList();
        Assert.Equal(["running", "running"], running.Select(instance => instance.GetProperty("status").GetString()!));
        var stopped = await host.RunAsync("stop-simulations", JsonSerializer.Serialize(new { instances = running.Select(instance => instance.GetProperty("id").GetInt64()) }));
        Assert.True(stopped.GetProperty("outcome").GetString() is "Succeeded", stopped.ToString());
        Assert.Equal(0, (await host.AskAsync("GET", $"/api/v1/apps/{id}/instances/running/count")).Body.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Should_refuse_to_fail_at_a_job_that_is_not_there() =>
        Assert.Contains("failAt must be one of launch, wait", (await host.RunAsync("launch-simulation", """{"failAt":"nowhere"}""")).GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
}
