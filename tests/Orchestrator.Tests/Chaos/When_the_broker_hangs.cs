using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

/// <summary>It keeps its connections and confirms nothing for longer than a publisher waits.</summary>
[Collection(nameof(OwnServersCollection))]
public sealed class When_the_broker_hangs(OwnServers servers)
{
    [Fact]
    public async Task Should_publish_all_that_waited_soon_after_it_goes_on()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place, ("Outbox__ConfirmTimeout", "00:00:01"), ("Outbox__SweepInterval", "00:00:00.200"));
        await using var worker = await Host.StartWorkerAsync(place);
        for (var hang = 0; hang < 3; hang++)
        {
            servers.RabbitMq.Process!.Kill(Signal.Stop);
            for (var i = 0; i < 20; i++)
                await DeliverAsync(api, (hang * 100) + i);
            await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
            servers.RabbitMq.Process!.Kill(Signal.Continue);

            for (var i = 20; i < 40; i++)
                await DeliverAsync(api, (hang * 100) + i);
            await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "an empty outbox", TimeSpan.FromSeconds(20));
        }

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 120 FROM job"), "all stored");
    }

    private static async Task DeliverAsync(Host api, int job)
    {
        using var request = Deliveries.Signed(Deliveries.Body(job + 1, "queued", "self-hosted"), deliveryId: $"hang-{job}");
        using var response = await api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);
    }
}
