using System.Text;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Messaging;

public sealed class When_a_message_is_malformed(When_a_message_is_malformed.OneHost one) : IClassFixture<When_a_message_is_malformed.OneHost>
{
    private const string Enqueue = "orchestrator.jobs.enqueue-job";
    private const string EnqueueQueue = "orchestrator-enqueue-job";
    private const string GithubQueue = "orchestrator-github-workflow-job";

    /// <summary>Body, and what the reason must say.</summary>
    private static readonly (string Body, string Reason)[] Commands =
    [
        ("certainly not JSON", "MALFORMED_JSON"),
        ("", "MALFORMED_JSON"),
        ("[1,2,3]", "MALFORMED_JSON"),
        ("\"text\"", "MALFORMED_JSON"),
        ("""{"platform":"gitlab"}""", "id"),
        ("""{"platform":"gitlab","id":null}""", "id"),
        ("""{"platform":"gitlab","id":7}""", "id"),
        ("""{"platform":"gitlab","id":"x","labels":"large"}""", "labels"),
        ("""{"platform":"gitlab","id":"x","labels":[null]}""", "Labels"),
        ("""{"platform":"gitlab","id":"x","created_at":"yesterday"}""", "createdat"),
        ("""{"platform":"gitlab","id":"x","created_at":"0001-01-01T00:00:00Z"}""", "Created At"),
        ("""{"platform":"","id":"x"}""", "Platform"),
        ("""{"platform":"gitlab","id":"x","raw":[1]}""", "Raw"),
        ("""{"platform":"gitlab","id":"x","labels":["a\u0000b"]}""", "Labels"),
        ("""{"platform":"git\u0000lab","id":"x"}""", "Platform"),
        ("""{"platform":"gitlab","id":"x\ud800"}""", "$.id"),
        ("""{"platform":"gitlab","id":"nul","raw":{"text":"a\u0000b"}}""", "raw"),
        ("""{"platform":"gitlab","id":"surrogate","raw":{"text":"\ud800"}}""", "raw"),
        ("""{"platform":"gitlab","id":"huge","raw":{"number":1e999999}}""", "raw"),
        ("""{"messageType":["urn:message:Nobody:Knows"],"message":{"platform":"gitlab","id":"x"}}""", "UNKNOWN_MESSAGE_TYPE"),
        (new string('j', 1024 * 1024), "MALFORMED_JSON"),
        ($$"""{"platform":"gitlab","id":"x","raw":{{Nested(500)}}}""", "MALFORMED_JSON"),
    ];

    private static readonly (string Body, string? Event, string Reason)[] BadDeliveries =
    [
        ("not JSON", "workflow_job", "MALFORMED_JSON"),
        ("[]", "workflow_job", "body"),
        ("{}", "workflow_job", "action"),
        (Deliveries.Body(1, "queued", "self-hosted"), null, "X-GitHub-Event"),
        ("""{"action":"queued"}""", "workflow_job", "workflow_job"),
        ("""{"action":"queued","workflow_job":{"id":1,"labels":["self-hosted"]},"repository":{"full_name":"a/b"}}""", "workflow_job", "workflow_job.created_at"),
        ("""{"action":"queued","workflow_job":{"id":"1","labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"},"repository":{"full_name":"a/b"}}""", "workflow_job", "workflow_job.id"),
        ("""{"action":"in_progress","workflow_job":{"id":1,"labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"},"repository":{"full_name":"a/b"}}""", "workflow_job", "workflow_job.started_at"),
        ("""{"action":"completed","workflow_job":{"id":1,"labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"},"repository":{"full_name":"a/b"}}""", "workflow_job", "workflow_job.completed_at"),
        ("""{"action":"queued","workflow_job":{"id":1,"labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"}}""", "workflow_job", "repository"),
        (Deliveries.Body(666, "queued", "self-hosted", "a\0b"), "workflow_job", "workflow_job.labels"),
        ("""{"action":"queued","zen":"a\u0000b","workflow_job":{"id":1,"labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"},"repository":{"full_name":"a/b"}}""", "workflow_job", "raw"),
        ("""{"action":"queued","zen":"\udc00","workflow_job":{"id":1,"labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"},"repository":{"full_name":"a/b"}}""", "workflow_job", "raw"),
    ];

    [Fact]
    public async Task Should_be_a_dead_letter_with_its_reason_while_its_neighbours_are_stored()
    {
        await one.StopAsync();
        var messages = new List<ForeignMessage>();
        for (var i = 0; i < Commands.Length; i++)
        {
            messages.Add(ForeignMessage.Plain(Enqueue, Commands[i].Body, $"bad-{i}"));
            messages.Add(ForeignMessage.Plain(Enqueue, $$"""{"platform":"gitlab","id":"good-{{i}}"}"""));
        }

        for (var i = 0; i < BadDeliveries.Length; i++)
        {
            messages.Add(ForeignMessage.Delivery(BadDeliveries[i].Body, $"bad-delivery-{i}", BadDeliveries[i].Event));
            messages.Add(ForeignMessage.Delivery(Deliveries.Body(1000 + i, "queued", "self-hosted")));
        }

        await ForeignPublisher.PublishAsync(one.Place, messages);
        await one.RestartAsync();

        var good = Commands.Length + BadDeliveries.Length;
        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = $1 FROM dead_letter", good), "in the dead letters");
        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = $1 FROM job", good), "stored");
        for (var i = 0; i < Commands.Length; i++)
        {
            var (body, reason) = Commands[i];
            var found = await one.Place.ScalarAsync<string>(
                "SELECT reason FROM dead_letter WHERE message_id = $1 AND queue = $2 AND exchange = $3 AND body = $4",
                $"bad-{i}", EnqueueQueue, Enqueue, Encoding.UTF8.GetBytes(body));
            Assert.True(found?.Contains(reason, StringComparison.Ordinal), $"{Start(body)}: '{found}' does not say {reason}");
        }

        for (var i = 0; i < BadDeliveries.Length; i++)
        {
            var (body, eventName, reason) = BadDeliveries[i];
            var found = await one.Place.ScalarAsync<string>(
                """
                SELECT reason FROM dead_letter WHERE headers->>'X-GitHub-Delivery' = $1 AND queue = $2 AND body = $3
                AND routing_key = 'workflow-job' AND content_type = 'application/json' AND coalesce(headers->>'X-GitHub-Event', '') = $4
                """,
                $"bad-delivery-{i}", GithubQueue, Encoding.UTF8.GetBytes(body), eventName ?? "");
            Assert.True(found?.Contains(reason, StringComparison.Ordinal), $"{Start(body)}: '{found}' does not say {reason}");
        }

        Assert.Equal(0L, await one.Place.ScalarAsync<long>("SELECT count(*) FROM job WHERE id NOT LIKE 'good-%' AND id::bigint < 1000"));
    }

    [Fact]
    public async Task Should_be_one_dead_letter_however_often_it_is_delivered()
    {
        await one.CleanAsync();
        ForeignMessage[] bad =
        [
            ForeignMessage.Plain(Enqueue, "not JSON", "with-id"),
            ForeignMessage.Plain(Enqueue, "not JSON, no id"),
            ForeignMessage.Plain(Enqueue, """{"platform":"","id":"x"}""", "invalid-with-id"),
            ForeignMessage.Plain(Enqueue, """{"platform":"","id":"y"}"""),
            ForeignMessage.Delivery("{}", "one-delivery"),
        ];

        await ForeignPublisher.PublishAsync(one.Place, [.. bad, .. bad, .. bad]);
        await ForeignPublisher.PublishAsync(
            one.Place, ForeignMessage.Plain(Enqueue, """{"platform":"gitlab","id":"last"}"""), ForeignMessage.Delivery(Deliveries.Body(1, "queued", "self-hosted")));

        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = 2 FROM job"), "stored");
        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) >= $1 FROM dead_letter", bad.Length), "in the dead letters");
        await Wait.UntilAsync(IsEmptyAsync, "drained");
        Assert.Equal((long)bad.Length, await one.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    /// <summary>Two messages of one job in one batch are joined first; where they cannot be, no other must suffer.</summary>
    [Fact]
    public async Task Should_not_take_neighbours_along_where_two_messages_of_a_job_meet()
    {
        await one.StopAsync();
        string[] odd = ["""{"a":1,"a":2}""", """{"text":"\ud800"}""", """{"\ud800":1}""", """{"number":1e999999}"""];
        // At the reader's depth limit as a body, and so one level beyond it in the row.
        var deep = $$$"""{"action":"queued","deep":{{{Nested(63)}}},"workflow_job":{"id":1,"labels":["self-hosted"],"created_at":"2026-11-01T12:00:00Z"},"repository":{"full_name":"a/b"}}""";

        await ForeignPublisher.PublishAsync(one.Place, odd.SelectMany((raw, i) => (ForeignMessage[])
        [
            ForeignMessage.Plain(Enqueue, $$$"""{"platform":"gitlab","id":"before-{{{i}}}"}"""),
            ForeignMessage.Plain(Enqueue, $$$"""{"platform":"gitlab","id":"same-{{{i}}}","raw":{{{raw}}}}"""),
            ForeignMessage.Plain(Enqueue, $$$"""{"platform":"gitlab","id":"same-{{{i}}}","raw":{"b":1}}"""),
            ForeignMessage.Plain(Enqueue, $$$"""{"platform":"gitlab","id":"after-{{{i}}}"}"""),
            ForeignMessage.Delivery(Deliveries.Body(100 + i, "queued", "self-hosted")),
        ]).Append(ForeignMessage.Delivery(deep)).Append(ForeignMessage.Delivery(Deliveries.Body(1, "in_progress", "self-hosted"))));
        await one.RestartAsync();

        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = $1 FROM job", (odd.Length * 4) + 1), "stored");
        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = $1 FROM job WHERE id LIKE 'same-%' AND raw @> '{\"b\":1}'", odd.Length), "stored");
        await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT raw ?& '{queued,in_progress}' FROM job WHERE id = '1'"), "joined");
    }

    private static readonly (string What, string Body, bool IsOddId)[] Odd =
    [
        ("a NUL in the message id", """{"platform":""}""", true),
        ("bytes that are no text", """{"platform":"odd","id":"bad","raw":{"a":"?"}}""", false),
        ("bytes that are no name", """{"platform":"odd","id":"bad","raw":{"?":1}}""", false),
    ];

    /// <summary>What the publisher wrote beside the body must not spoil the batch either, nor the dead letter.</summary>
    [Fact]
    public async Task Should_not_take_neighbours_along_with_what_is_odd_around_it()
    {
        foreach (var (what, body, isOddId) in Odd)
        {
            await one.StopAsync();
            await using (var publisher = await AmqpPublisher.ConnectAsync(one.Place))
            {
                for (var i = 0; i < 20; i++)
                {
                    await publisher.PublishAsync(Enqueue, $$"""{"platform":"odd","id":"good-{{i}}"}""", $"good-{what}-{i}");
                    if (i == 10)
                    {
                        await publisher.PublishAsync(
                            Enqueue, [.. Encoding.Latin1.GetBytes(body).Select(b => b == '?' ? (byte)0xff : b)], isOddId ? "bad\0id" : $"bad-{what}", "",
                            ("x-orchestrator-actor", "some\0body"), ("tracestate", "a=\0"), ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
                    }
                }
            }

            await one.RestartAsync();

            await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = 20 FROM job"), $"stored beside {what}");
            await Wait.UntilAsync(() => one.Place.ScalarAsync<bool>("SELECT count(*) = 1 FROM dead_letter"), what);
            Assert.StartsWith("INVALID_FIELD: ", await one.Place.ScalarAsync<string>("SELECT reason FROM dead_letter"), StringComparison.Ordinal);
            await Wait.UntilAsync(IsEmptyAsync, "drained");
            Assert.Equal(1L, await one.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
        }
    }

    private async Task<bool> IsEmptyAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = one.Place.Amqp }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await channel.MessageCountAsync(EnqueueQueue) == 0 && await channel.MessageCountAsync(GithubQueue) == 0;
    }

    /// <summary>One host for all tests: each stops it, so that all that it publishes waits for one batch, and starts it again.</summary>
    public sealed class OneHost(Servers servers) : IAsyncLifetime
    {
        private Host? _host;

        public Place Place { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Place = await servers.CreatePlaceAsync();
            _host = await Host.StartAllAsync(Place);
        }

        public Task CleanAsync() => Place.ExecuteAsync("TRUNCATE job, dead_letter");

        public async Task StopAsync()
        {
            // Not killed: what it had not acknowledged would come again, into the next test.
            await _host!.StopAsync();
            await CleanAsync();
        }

        public async Task RestartAsync()
        {
            await _host!.RestartAsync();
            await _host.UntilReadyAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (_host is not null)
                await _host.DisposeAsync();
            if (Place is not null)
                await Place.DisposeAsync();
        }
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    private static string Start(string body) => body.Length <= 200 ? body : body[..200];
}
