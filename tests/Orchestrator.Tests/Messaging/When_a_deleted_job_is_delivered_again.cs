using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

[Collection(nameof(SharedHost))]
public sealed class When_a_deleted_job_is_delivered_again(SharedHost shared)
{
    [Fact]
    public async Task Should_make_no_ghost_of_it()
    {
        var place = shared.Place;
        await using var events = await EventQueue.BindAsync(place, "orchestrator.jobs.job-deleted");
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('github', 'ghost', '{ghost}')");
        await ForeignPublisher.PublishAsync(place, ForeignMessage.Delivery(Deliveries.Body(201, "queued", "self-hosted", "ghost")));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT pressure = 1 FROM flavor_pressure WHERE name = 'ghost'"), "wanted");

        await ForeignPublisher.PublishAsync(place, ForeignMessage.Plain("orchestrator.jobs.delete-job", """{"platform":"github","id":"201"}"""));
        await events.FirstAsync("orchestrator.jobs.job-deleted", e => e.GetProperty("id").GetString() == "201");
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT pressure FROM flavor_pressure WHERE name = 'ghost'"));

        await ForeignPublisher.PublishAsync(
            place,
            ForeignMessage.Delivery(Deliveries.Body(201, "queued", "self-hosted", "ghost")),
            ForeignMessage.Delivery(Deliveries.Body(201, "in_progress", "self-hosted", "ghost")),
            ForeignMessage.Plain("orchestrator.jobs.enqueue-job", """{"platform":"github","id":"201"}"""),
            ForeignMessage.Plain("orchestrator.jobs.enqueue-job", """{"platform":"github","id":"203","labels":["ghost"]}"""),
            ForeignMessage.Delivery(Deliveries.Body(202, "queued", "self-hosted", "ghost")));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) FILTER (WHERE id IN ('202', '203')) = 2 FROM job"), "stored");

        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE id = '201'"));
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT pressure FROM flavor_pressure WHERE name = 'ghost'"));
    }
}
