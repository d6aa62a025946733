using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Telemetry;

public sealed class When_a_foreign_publisher_sends_a_traceparent(Servers servers)
{
    [Fact]
    public async Task Should_continue_its_trace()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var otlp = await OtlpReceiver.StartAsync();
        await using var host = await Host.StartAllAsync(place, [.. otlp.Settings, Host.Only("jobs")]);
        await using var publisher = await AmqpPublisher.ConnectAsync(place);

        await publisher.PublishAsync(
            "orchestrator.jobs.enqueue-job", """{"platform":"github","id":"9","labels":[]}""", "one", headers:
            [("traceparent", "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]);

        var spans = await Wait.ForAsync(
            () => Task.FromResult(otlp.Spans.Where(s => s.TraceId == "1af7651916cd43dd8448eb211c80319c").ToList()),
            spans => spans.Exists(s => s.Name == "orchestrator.jobs.job-unmatched publish") && spans.Exists(s => s.ParentId == "b7ad6b7169203331"),
            "exported");
        Assert.Contains(spans, span => span.ParentId == "b7ad6b7169203331");
        Assert.Equal("1af7651916cd43dd8448eb211c80319c", await place.ScalarAsync<string>("SELECT trace_id FROM job WHERE id = '9'"));
    }
}
