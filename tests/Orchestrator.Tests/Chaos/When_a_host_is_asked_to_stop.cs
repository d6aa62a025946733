using System.Diagnostics;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

[Collection(nameof(ChaosCollection))]
public sealed class When_a_host_is_asked_to_stop(Servers servers)
{
    [Fact]
    public async Task Should_leave_within_thirty_seconds_and_lose_nothing()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place);
        await using var worker = await Host.StartWorkerAsync(place);
        await using var load = await Load.StartAsync(place, api.Address);

        foreach (var host in (Host[])[worker, api, worker])
        {
            var before = load.Acknowledged;
            await Wait.UntilAsync(() => Task.FromResult(load.Acknowledged > before + 100), "under load");
            var clock = Stopwatch.StartNew();
            Assert.Equal(0, await host.StopAsync());
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"{host.LogFile} took {clock.Elapsed}");
            await host.RestartAsync();
            await host.UntilReadyAsync();
        }

        await load.StopAsync();
        var verdict = await load.CheckAsync(place, TimeSpan.FromSeconds(60)) with { Run = "stop" };
        await verdict.ReportAsync();
        Assert.True(verdict.Holds, verdict.ToString());
    }

    [Fact]
    public async Task Should_leave_at_once_when_it_has_not_even_started()
    {
        await using var place = await servers.CreatePlaceAsync();
        foreach (var project in (string[])["Orchestrator.Workers", "Orchestrator.Api"])
        {
            await using var host = await Host.LaunchAsync(project, place);
            // Its bus starts after that.
            await Wait.UntilAsync(() => Task.FromResult(File.Exists(host.LogFile) && LogTail.Of(host.LogFile, 20).Contains("Now listening", StringComparison.Ordinal)), "listening");
            var clock = Stopwatch.StartNew();
            Assert.Equal(0, await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"{host.LogFile} took {clock.Elapsed}");
        }
    }
}
