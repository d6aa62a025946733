using System.Text.Json;
using Orchestrator.Local.Demo.Actions;

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
    public async Task Should_refuse_to_fail_at_a_job_that_is_not_there() =>
        Assert.Contains("failAt must be one of launch, wait", (await host.RunAsync("launch-simulation", """{"failAt":"nowhere"}""")).GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
}
