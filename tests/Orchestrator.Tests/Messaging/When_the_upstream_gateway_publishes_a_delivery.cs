using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

[Collection(nameof(SharedHost))]
public sealed class When_the_upstream_gateway_publishes_a_delivery(SharedHost shared)
{
    [Fact]
    public async Task Should_store_and_assign_the_job_and_ignore_what_concerns_none()
    {
        var place = shared.Place;
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('github', 'gateway', '{gateway}')");

        await ForeignPublisher.PublishAsync(
            place,
            ForeignMessage.Delivery("""{"zen":"Keep it logically awesome."}""", eventName: "ping"),
            ForeignMessage.Delivery(Deliveries.Body(101, "waiting", "self-hosted", "gateway")),
            ForeignMessage.Delivery(Deliveries.Body(102, "queued", "ubuntu-latest")),
            ForeignMessage.Delivery(Deliveries.Body(103, "queued", "Self-Hosted", "Gateway")) with { ContentType = null },
            ForeignMessage.Delivery(Deliveries.Body(104, "completed", "self-hosted", "gateway")),
            ForeignMessage.Delivery(Deliveries.Body(103, "in_progress", "self-hosted", "gateway")) with { ContentType = "text/plain" });

        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("""
                SELECT count(*) = 2
                   AND bool_or(id = '103' AND assigned_flavor = 'gateway' AND started_at IS NOT NULL AND raw ?& '{queued,in_progress}')
                   AND bool_or(id = '104' AND assigned_flavor IS NULL AND completed_at IS NOT NULL)
                FROM job WHERE id IN ('101', '102', '103', '104')
                """), "stored");
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM dead_letter WHERE queue = 'orchestrator-github-workflow-job'"));
    }
}
