using System.Diagnostics;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Messaging;

namespace Orchestrator.Tests.Chaos;

/// <summary>A fail point ends the process; another replica, which has seen nothing of the message, must bring it to its end.</summary>
[Collection(nameof(ChaosCollection))]
public sealed class When_a_process_dies_between_commit_and_publish(Servers servers)
{
    private const string Assigned = "orchestrator.jobs.job-assigned";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Should_have_another_replica_publish_what_it_left()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place);
        await using var worker = await Host.StartWorkerAsync(place);
        await using var events = await EventQueue.BindAsync(place, Assigned);
        await place.ExecuteAsync("INSERT INTO flavor (platform, name) VALUES ('github', 'any')");
        var id = 0;
        foreach (var point in (string[])[FailPoint.AfterCommit, FailPoint.AfterPublish])
        {
            await DieAsync(api, point, ++id, place, events, job => DeliverAsync(api, job));
            await DieAsync(worker, point, ++id, place, events, job => ForeignPublisher.PublishAsync(
                place, ForeignMessage.Plain("orchestrator.jobs.enqueue-job", $$"""{"platform":"github","id":"{{job}}"}""")));
        }
    }

    private static async Task DieAsync(Host victim, string point, int job, Place place, EventQueue events, Func<int, Task> cause)
    {
        await victim.StopAsync();
        await victim.RestartAsync(("ORCHESTRATOR_FAIL_POINT", $"{point}:1"));
        await victim.UntilReadyAsync();
        await cause(job);
        Assert.Equal(137, await victim.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken));
        var clock = Stopwatch.StartNew();
        await events.FirstAsync(Assigned, e => e.GetProperty("id").GetString() == $"{job}");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "out of the outbox");
        Assert.True(clock.Elapsed < Bound, $"{point}: taken over after {clock.Elapsed}");
        await victim.RestartAsync(("ORCHESTRATOR_FAIL_POINT", ""));
        await victim.UntilReadyAsync();
        Assert.Single(events.Events.Where(e => e.Message.GetProperty("id").GetString() == $"{job}").Select(e => e.MessageId).Distinct(StringComparer.Ordinal));
        Assert.Equal(1L, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE key = $1 AND what = 'assigned'", $"github/{job}"));
    }

    // As GitHub does: again, when the answer never came.
    private static async Task DeliverAsync(Host api, int job)
    {
        try
        {
            using var request = Deliveries.Signed(Deliveries.Body(job, "queued", "self-hosted"), deliveryId: $"delivery-{job}");
            using var response = await api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            Assert.True(await api.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken) > 0);
        }
    }
}
