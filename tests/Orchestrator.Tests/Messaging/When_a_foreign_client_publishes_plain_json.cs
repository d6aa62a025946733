using System.Text;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

[Collection(nameof(SharedHost))]
public sealed class When_a_foreign_client_publishes_plain_json(SharedHost shared)
{
    private const string Enqueue = "orchestrator.jobs.enqueue-job";
    private const string Start = "orchestrator.jobs.start-job";
    private const string Complete = "orchestrator.jobs.complete-job";

    private const string Envelope = """
        {"messageId":"0197a3c0-0000-7000-8000-000000000002","messageType":["urn:message:Orchestrator.Contracts.Jobs:EnqueueJob"],
         "message":{"platform":"spelling","id":"envelope"}}
        """;

    [Fact]
    public async Task Should_take_any_spelling_content_type_and_message_id()
    {
        var place = shared.Place;
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('spelling', 'large', '{large,gpu}')");

        await ForeignPublisher.PublishAsync(
            place,
            ForeignMessage.Plain(Enqueue, """{"platform":"spelling","id":"snake","labels":["Large"],"created_at":"2026-11-01T12:00:00Z","raw":{"a_b":{"c_d":1}}}"""),
            ForeignMessage.Plain(Enqueue, """{"platform":"spelling","id":"camel","labels":["large"],"createdAt":"2026-11-01T12:00:00+02:00"}""", "not-a-guid") with { ContentType = "application/json" },
            ForeignMessage.Plain(Enqueue, """{"Platform":"spelling","Id":"pascal","Labels":[]}""", "0197a3c0-0000-7000-8000-000000000001") with { ContentType = "application/json; charset=utf-8" },
            ForeignMessage.Plain(Enqueue, """{"platform":"spelling","id":"odd-type","unknown":true}""") with { ContentType = "who/knows" },
            ForeignMessage.Plain(Enqueue, Envelope) with { ContentType = "application/json" },
            ForeignMessage.Plain(Start, """{"platform":"spelling","id":"snake","started_at":"2026-11-01T12:00:30Z"}"""),
            ForeignMessage.Plain(Complete, """{"platform":"spelling","id":"snake","completed_at":"2026-11-01T12:01:30Z","raw":{"result":"ok"}}""", new string('x', 250)));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 5 AND count(completed_at) = 1 AND count(started_at) = 1 FROM job WHERE platform = 'spelling'"), "stored");
        Assert.True(await place.ScalarAsync<bool>("""
            SELECT labels = '{large}' AND created_at = '2026-11-01T12:00:00Z' AND started_at = '2026-11-01T12:00:30Z'
               AND completed_at = '2026-11-01T12:01:30Z' AND raw = '{"a_b":{"c_d":1},"result":"ok"}' AND assigned_flavor = 'large'
            FROM job WHERE platform = 'spelling' AND id = 'snake'
            """));
        Assert.True(await place.ScalarAsync<bool>("SELECT created_at = '2026-11-01T10:00:00Z' FROM job WHERE platform = 'spelling' AND id = 'camel'"));
        Assert.Equal(5L, await place.ScalarAsync<long>("SELECT count(assigned_flavor) FROM job WHERE platform = 'spelling'"));
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM dead_letter WHERE convert_from(body, 'UTF8') LIKE '%spelling%'"));
    }

    [Fact]
    public async Task Should_handle_a_message_id_once()
    {
        var place = shared.Place;
        await using var events = await EventQueue.BindAsync(place, "orchestrator.jobs.job-unmatched");
        var message = ForeignMessage.Plain(Enqueue, """{"platform":"repeats","id":"1","raw":{"a":1}}""", "order-66");

        await ForeignPublisher.PublishAsync(place, message);
        await events.FirstAsync("orchestrator.jobs.job-unmatched", e => e.GetProperty("platform").GetString() == "repeats");
        await ForeignPublisher.PublishAsync(
            place, message with { Body = Encoding.UTF8.GetBytes("""{"platform":"repeats","id":"2"}""") }, ForeignMessage.Plain(Enqueue, """{"platform":"repeats","id":"3"}"""));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE platform = 'repeats' AND id = '3')"), "stored");
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE platform = 'repeats'"));
    }

    [Fact]
    public async Task Should_continue_its_trace()
    {
        var place = shared.Place;
        await using var events = await EventQueue.BindAsync(place, "orchestrator.jobs.job-unmatched");
        const string traceId = "0af7651916cd43dd8448eb211c80319c";

        await ForeignPublisher.PublishAsync(place, ForeignMessage.Plain(Enqueue, """{"platform":"traced","id":"1"}""") with
        {
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["traceparent"] = $"00-{traceId}-b7ad6b7169203331-01" },
        });

        var unmatched = await events.FirstAsync("orchestrator.jobs.job-unmatched", e => e.GetProperty("platform").GetString() == "traced");
        Assert.StartsWith($"00-{traceId}-", Encoding.UTF8.GetString((byte[])unmatched.Headers["traceparent"]!), StringComparison.Ordinal);
        Assert.Equal(traceId, await place.ScalarAsync<string>("SELECT trace_id FROM job WHERE platform = 'traced' AND id = '1'"));
        Assert.Equal(traceId, await place.ScalarAsync<string>("SELECT trace_id FROM resource_event WHERE key = 'traced/1'"));
    }
}
