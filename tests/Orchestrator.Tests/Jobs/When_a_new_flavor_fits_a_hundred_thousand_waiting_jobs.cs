using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

public sealed class When_a_new_flavor_fits_a_hundred_thousand_waiting_jobs(Servers servers)
{
    [Fact]
    public async Task Should_assign_them_all_with_the_command()
    {
        await using var place = await servers.CreatePlaceAsync();
        await place.ExecuteAsync("""
            INSERT INTO job (platform, id, labels, created_at)
            SELECT 'github', g::text, ARRAY['l' || g % 20], now() FROM generate_series(1, 100000) g
            """);
        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"));
        await using var publisher = await AmqpPublisher.ConnectAsync(place);

        var labels = string.Join(',', Enumerable.Range(0, 20).Select(i => $"\"L{i}\""));
        await publisher.PublishAsync("orchestrator.jobs.add-flavor", $$"""{"platform":"github","name":"big","labels":[{{labels}}]}""", "add");

        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT coalesce((SELECT pressure = 100000 FROM flavor_pressure WHERE name = 'big'), false)"), "assigned");
        Assert.Equal(100000L, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'job' AND what = 'assigned'"));
    }
}
