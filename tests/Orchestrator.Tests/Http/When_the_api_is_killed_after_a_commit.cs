using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

public sealed class When_the_api_is_killed_after_a_commit(Servers servers)
{
    [Fact]
    public async Task Should_give_the_answer_that_was_lost_and_replay_each_dead_letter_once()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"), ("ORCHESTRATOR_FAIL_POINT", "after-commit:1"));
        var post = () => SharedApi.SendAsync(host.Client, "POST", "/api/v1/jobs/test", """{"id":"1"}""", ("Idempotency-Key", "k"));
        await DiesOfAsync(host, post);

        await host.RestartAsync(("ORCHESTRATOR_FAIL_POINT", ""));
        await host.UntilReadyAsync();
        using (var repeated = await post())
        {
            Assert.Equal(201, (int)repeated.StatusCode);
            Assert.Equal("/api/v1/jobs/test/1", repeated.Headers.Location!.OriginalString);
            Assert.Equal("true", repeated.Headers.GetValues("Idempotent-Replayed").Single());
        }

        // The next fail point is to meet a replay, not the event that the first kill left behind.
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "published");
        await place.ExecuteAsync(
            """
            INSERT INTO dead_letter (id, queue, message_id, reason, content_type, body)
            SELECT gen_random_uuid(), 'orchestrator-enqueue-job', gen_random_uuid(), 'test', 'application/json',
                   convert_to(json_build_object('platform', 'replayed', 'id', i::text)::text, 'UTF8')
            FROM generate_series(1, 250) i
            """);
        await host.KillAsync();
        await host.RestartAsync(("ORCHESTRATOR_FAIL_POINT", "after-publish:1"));
        await host.UntilReadyAsync();
        await DiesOfAsync(host, () => SharedApi.SendAsync(host.Client, "POST", "/api/v1/dead-letters/orchestrator-enqueue-job/replay"));
        await host.RestartAsync(("ORCHESTRATOR_FAIL_POINT", ""));
        await host.UntilReadyAsync();
        using (var rest = await SharedApi.SendAsync(host.Client, "POST", "/api/v1/dead-letters/orchestrator-enqueue-job/replay"))
            Assert.Equal(200, (int)rest.StatusCode);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 250 FROM job WHERE platform = 'replayed'"), "replayed");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "published");
        Assert.Equal(250L, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE key LIKE 'replayed/%'"));
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    private static async Task DiesOfAsync(Host host, Func<Task<HttpResponseMessage>> request)
    {
        try
        {
            using var response = await request();
        }
        catch (HttpRequestException)
        {
            // The answer was lost, as the test wants it; it may also have come just in time.
        }

        await host.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken);
    }
}
