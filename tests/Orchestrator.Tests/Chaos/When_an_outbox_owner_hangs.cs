using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

[Collection(nameof(ChaosCollection))]
public sealed class When_an_outbox_owner_hangs(Servers servers)
{
    private static readonly (string, string)[] ShortLease = [("Outbox__Lease", "00:00:05"), ("Outbox__SweepInterval", "00:00:00.200")];

    [Fact]
    public async Task Should_have_another_replica_take_over_after_the_lease()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place, ShortLease);
        // No queue is there yet, so the delivery stays in the outbox.
        using (var response = await api.Client.SendAsync(
            Deliveries.Signed(Deliveries.Body(1, "queued", "self-hosted")), TestContext.Current.CancellationToken))
            Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(1L, await place.ScalarAsync<long>("SELECT count(*) FROM outbox"));
        api.Freeze();

        await using var worker = await Host.StartWorkerAsync(place, ShortLease);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job) AND NOT EXISTS (SELECT FROM outbox)"), "taken over");

        api.Thaw();
        await api.UntilReadyAsync();
        using (var response = await api.Client.SendAsync(
            Deliveries.Signed(Deliveries.Body(2, "queued", "self-hosted")), TestContext.Current.CancellationToken))
            Assert.Equal(200, (int)response.StatusCode);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 2 FROM job"), "stored");
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event"));
    }
}
