using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Telemetry;

public sealed class When_a_webhook_is_traced(Servers servers)
{
    private const int Client = 3;
    private const int Server = 2;
    private const int Producer = 4;
    private const int Consumer = 5;

    [Fact]
    public async Task Should_be_one_trace_from_the_request_to_the_row_with_the_batch_linked()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var otlp = await OtlpReceiver.StartAsync();
        await using var host = await Host.StartAllAsync(place, [.. otlp.Settings, Host.Only("jobs")]);
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('github', 'large', '{large}')");
        const string traceId = "0af7651916cd43dd8448eb211c80319c";

        using var request = Deliveries.Signed(Deliveries.Body(1, "queued", "self-hosted", "large"));
        request.Headers.Add("traceparent", $"00-{traceId}-b7ad6b7169203331-01");
        using var response = await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);

        var spans = await Wait.ForAsync(
            () => Task.FromResult(otlp.Spans.ToList()),
            spans => spans.Exists(s => s.Name.EndsWith("pressure-changed publish", StringComparison.Ordinal))
                && spans.Find(s => s.Name == "github-workflow-job batch process") is { } done
                && spans.Exists(s => s.Kind == Client && s.ParentId == done.SpanId)
                && done.Links.All(link => spans.Exists(s => s.SpanId == link.SpanId))
                && spans.Exists(s => s.TraceId == traceId && s.Kind == Server)
                && spans.Exists(s => s.TraceId == traceId && s.Name.EndsWith("job-assigned publish", StringComparison.Ordinal)),
            "exported");
        var byId = spans.GroupBy(s => s.SpanId).ToDictionary(g => g.Key, g => g.First());
        var trip = spans.Where(s => s.TraceId == traceId).ToList();

        var http = Assert.Single(trip, s => s.Kind == Server);
        var publish = Assert.Single(trip, s => s.Kind == Producer && s.Name == "github-workflow-jobs publish");
        var consumes = trip.Where(s => s.Kind == Consumer).ToList();
        var assigned = Assert.Single(trip, s => s.Name == "orchestrator.jobs.job-assigned publish");
        Assert.True(IsBelow(publish, http, byId), "the publish is part of the request");
        Assert.All(consumes, consume => Assert.True(IsBelow(consume, publish, byId), "the consume follows the publish"));
        Assert.Contains(consumes, consume => IsBelow(assigned, consume, byId));

        var batch = Assert.Single(spans, s => s.Name == "github-workflow-job batch process");
        var handled = Assert.Single(batch.Links);
        Assert.Contains(consumes, consume => consume.SpanId == handled.SpanId);
        var sql = spans.Where(s => s.Kind == Client && s.ParentId == batch.SpanId).ToList();
        Assert.NotEmpty(sql);
        Assert.All(sql, span => Assert.Contains(handled, span.Links));
        var pressure = Assert.Single(spans, s => s.Name == "orchestrator.jobs.pressure-changed publish");
        Assert.Contains(handled, pressure.Links);
        Assert.Equal(traceId, await place.ScalarAsync<string>("SELECT trace_id FROM job WHERE id = '1'"));
    }

    [Fact]
    public async Task Should_have_no_parentless_spans_of_polling()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var otlp = await OtlpReceiver.StartAsync();
        await using var host = await Host.StartAllAsync(place, [.. otlp.Settings, Host.Only("jobs"), ("Outbox__SweepInterval", "00:00:00.100")]);

        // The reconcile and the sweeps have run many times when the metrics and logs have come in.
        await Wait.UntilAsync(
            () => Task.FromResult(otlp.Received.GetValueOrDefault("metrics") > 20_000 && otlp.Received.GetValueOrDefault("logs") > 0),
            "exported");

        Assert.DoesNotContain(otlp.Spans, span => span.ParentId.Length == 0 && span.Kind != Server);
    }

    private static bool IsBelow(ReceivedSpan span, ReceivedSpan ancestor, Dictionary<string, ReceivedSpan> byId)
    {
        for (var at = span; at is not null; at = byId.GetValueOrDefault(at.ParentId))
        {
            if (at.SpanId == ancestor.SpanId)
                return true;
        }

        return false;
    }
}
