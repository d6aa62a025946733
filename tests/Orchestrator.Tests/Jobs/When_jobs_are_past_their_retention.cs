using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

public sealed class When_jobs_are_past_their_retention(Servers servers)
{
    [Fact]
    public async Task Should_remove_them_and_leave_tombstones_that_stop_replayed_deliveries()
    {
        await using var place = await servers.CreatePlaceAsync();
        await place.ExecuteAsync("""
            INSERT INTO job (platform, id, created_at, completed_at, source)
            SELECT 'github', g::text, now() - interval '40 days', now() - interval '31 days', 0 FROM generate_series(1, 12000) g;
            INSERT INTO job (platform, id, created_at, source) VALUES ('github', 'waits', now() - interval '40 days', 0);
            INSERT INTO inbox (message_id, consumer, received_at) VALUES (gen_random_uuid(), 'x', now() - interval '15 days'), (gen_random_uuid(), 'y', now());
            INSERT INTO resource_event (kind, key, what, at) VALUES ('job', 'a', 'b', now() - interval '31 days'), ('job', 'a', 'c', now());
            """);
        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"), ("Retention__Interval", "00:00:01"));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 1 FROM job"), "removed");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 1 FROM resource_event"), "trimmed");

        Assert.True(await place.ScalarAsync<bool>("SELECT count(*) = 1 FROM inbox"));
        Assert.Equal(12000L, await place.ScalarAsync<long>("SELECT count(*) FROM job_tombstone"));
        using var replayed = await host.Client.SendAsync(
            Deliveries.Signed(Deliveries.Body(7, "queued", "self-hosted")), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)replayed.StatusCode);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM inbox WHERE consumer = 'github-workflow-job')"), "handled");
        Assert.True(await place.ScalarAsync<bool>("SELECT count(*) = 1 FROM job"));
    }
}
