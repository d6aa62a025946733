using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

public sealed class When_no_queue_is_there_yet(Servers servers)
{
    [Fact]
    public async Task Should_keep_a_command_in_the_outbox_until_one_appears()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place, ("Outbox__SweepInterval", "00:00:00.200"));
        using var response = await api.Client.SendAsync(
            Deliveries.Signed(Deliveries.Body(1, "queued", "self-hosted")), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);

        // The publisher has been told "no route" several times when this holds.
        await Wait.UntilAsync(() => Task.FromResult(File.ReadLines(api.LogFile).Count(line => line.Contains("No queue took message", StringComparison.Ordinal)) > 1), "refused");
        Assert.Equal(1L, await place.ScalarAsync<long>("SELECT count(*) FROM outbox"));

        await using var worker = await Host.StartWorkerAsync(place);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job) AND NOT EXISTS (SELECT FROM outbox)"), "delivered");
    }
}
