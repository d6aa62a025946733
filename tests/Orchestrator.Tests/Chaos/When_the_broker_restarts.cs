using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

[Collection(nameof(OwnServersCollection))]
public sealed class When_the_broker_restarts(OwnServers servers)
{
    private static readonly int Restarts = ChaosCollection.IsLong ? 10 : 2;

    [Fact]
    public async Task Should_be_ready_within_ten_seconds_and_have_lost_nothing()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place);
        await using var worker = await Host.StartWorkerAsync(place);
        await using var load = await Load.StartAsync(place, api.Address);
        var longest = TimeSpan.Zero;
        for (var restart = 0; restart < Restarts; restart++)
        {
            var before = load.Acknowledged;
            await Wait.UntilAsync(() => Task.FromResult(load.Acknowledged > before + Load.CommandsPerSecond), "under load");
            var elapsed = await servers.RestartAsync(
                restart % 2 == 0 ? servers.RabbitMq.StopAsync : servers.RabbitMq.KillAsync,
                () => servers.RabbitMq.StartAsync(), servers.ConnectToRabbitMqAsync, api, worker);
            longest = elapsed > longest ? elapsed : longest;
        }

        await load.StopAsync();
        var verdict = await load.CheckAsync(place, TimeSpan.FromSeconds(90)) with
        {
            Run = "restart of broker",
            ReadyAfterSeconds = Math.Round(longest.TotalSeconds, 1),
            Disturbances = new Dictionary<string, int>(StringComparer.Ordinal) { ["orderly"] = (Restarts + 1) / 2, ["kill"] = Restarts / 2 },
        };
        await verdict.ReportAsync();
        Assert.True(verdict.Holds, verdict.ToString());
        Assert.True(longest <= TimeSpan.FromSeconds(10), verdict.ToString());
    }
}
