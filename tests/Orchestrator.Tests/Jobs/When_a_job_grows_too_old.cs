using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

public sealed class When_a_job_grows_too_old(Servers servers)
{
    [Fact]
    public async Task Should_leave_the_pressure_and_come_back_when_the_bound_is_lifted()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"), ("Jobs__PressureMaxAge", "00:01:00"));
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('github', 'large', '{large}')");

        await EnqueueAsync(place, "young", "now() - interval '54 seconds'");
        await EnqueueAsync(place, "old", "now() - interval '2 minutes'");

        await Wait.UntilAsync(() => CountAsync(place, "jobs = 2"), "stored");
        Assert.Equal(1L, await PressureAsync(place));
        await Wait.UntilAsync(async () => await PressureAsync(place) == 0, "aged out");

        await host.StopAsync();
        await host.RestartAsync(("Jobs__PressureMaxAge", "1.00:00:00"));
        await host.UntilReadyAsync();
        await Wait.UntilAsync(async () => await PressureAsync(place) == 2, "back in");
    }

    private static async Task EnqueueAsync(Place place, string id, string createdAt)
    {
        var at = await place.ScalarAsync<DateTime>($"SELECT {createdAt}");
        await using var publisher = await AmqpPublisher.ConnectAsync(place);
        await publisher.PublishAsync(
            "orchestrator.jobs.enqueue-job", $$"""{"platform":"github","id":"{{id}}","labels":["large"],"created_at":"{{at:O}}"}""", id);
    }

    private static Task<bool> CountAsync(Place place, string condition) =>
        place.ScalarAsync<bool>($"SELECT {condition} FROM (SELECT count(*) AS jobs FROM job WHERE assigned_flavor = 'large') counted");

    private static Task<long> PressureAsync(Place place) =>
        place.ScalarAsync<long>("SELECT pressure FROM flavor_pressure WHERE name = 'large'");
}
