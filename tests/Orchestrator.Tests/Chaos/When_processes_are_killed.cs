using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

[Collection(nameof(ChaosCollection))]
public sealed class When_processes_are_killed(Servers servers)
{
    private static readonly int Kills = ChaosCollection.IsLong ? 100 : 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Should_lose_nothing_and_do_nothing_twice()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place);
        await using var one = await Host.StartWorkerAsync(place);
        // A worker for jobs alone is back sooner than one of all parts.
        await using var two = await Host.StartWorkerAsync(place, Host.Only(ChaosCollection.IsLong ? "all" : "jobs"));
        await using var load = await Load.StartAsync(place, api.Address);
        var random = new Random();
        var kills = new Dictionary<string, int>(StringComparer.Ordinal) { ["api"] = 0, ["worker"] = 0, ["both"] = 0 };
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var kill = 0; kill < Kills; kill++)
        {
            // Most kills hit processes at work, every fourth one what is still starting.
            if (kill % 4 != 3)
                await Task.WhenAll(api.UntilReadyAsync(Patience), one.UntilReadyAsync(Patience), two.UntilReadyAsync(Patience));
            for (var ticks = random.Next(1, 20); ticks > 0; ticks--)
                await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            var worker = random.Next(2) == 0 ? one : two;
            var (role, victims) = (kill % 3) switch { 0 => ("worker", (Host[])[worker]), 1 => ("api", [api]), _ => ("both", [api, worker]) };
            await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
            foreach (var victim in victims)
                await victim.RestartAsync();
            kills[role]++;
        }

        await load.StopAsync();
        var verdict = await load.CheckAsync(place, TimeSpan.FromSeconds(60)) with { Run = "kill", Disturbances = kills };
        await verdict.ReportAsync();
        Assert.True(verdict.Holds, verdict.ToString());
    }
}
