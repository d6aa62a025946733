using System.Text.Json.Nodes;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

[Collection(nameof(SharedHost))]
public sealed class When_dead_letters_are_replayed(SharedHost shared)
{
    private const string Enqueue = "orchestrator.jobs.enqueue-job";
    private const string Queue = "orchestrator-enqueue-job";

    [Fact]
    public async Task Should_handle_what_can_be_handled_now_and_keep_what_cannot()
    {
        var place = shared.Place;
        await ForeignPublisher.PublishAsync(
            place,
            ForeignMessage.Plain(Enqueue, """{"platform":"replayed","id":""}""", "replay-bad"),
            ForeignMessage.Plain(Enqueue, """{"platform":"","id":"1"}""", "replay-mended"));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 2 FROM dead_letter WHERE message_id LIKE 'replay-%'"), "in the dead letters");
        // As if a new version took what the old one could not.
        await place.ExecuteAsync("""UPDATE dead_letter SET body = convert_to('{"platform":"replayed","id":"1"}', 'UTF8') WHERE message_id = 'replay-mended'""");

        var replayed = await ReplayAsync(place);

        Assert.Equal(2, replayed);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 1 FROM job WHERE platform = 'replayed'"), "stored");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 1 AND bool_and(message_id = 'replay-bad') FROM dead_letter WHERE message_id LIKE 'replay-%'"), "refused again");
    }

    /// <summary>Replay keeps the message id, so the inbox still knows what was handled.</summary>
    [Fact]
    public async Task Should_not_handle_again_what_was_handled()
    {
        var place = shared.Place;
        await ForeignPublisher.PublishAsync(place, ForeignMessage.Plain(Enqueue, """{"platform":"once","id":"1"}""", "replay-once"));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE platform = 'once')"), "stored");
        await place.ExecuteAsync("""
            INSERT INTO dead_letter (id, queue, message_id, reason, exchange, body)
            VALUES (gen_random_uuid(), 'orchestrator-enqueue-job', 'replay-once', 'test', 'orchestrator.jobs.enqueue-job', convert_to('{"platform":"once","id":"2"}', 'UTF8'))
            """);

        Assert.Equal(1, await ReplayAsync(place, "replay-once"));

        await ForeignPublisher.PublishAsync(place, ForeignMessage.Plain(Enqueue, """{"platform":"once","id":"3"}"""));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE platform = 'once' AND id = '3')"), "stored");
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE platform = 'once'"));
        Assert.False(await place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter WHERE message_id = 'replay-once')"));
    }

    /// <summary>A command without an id is the same dead letter as the next of the same words, but not the same message.</summary>
    [Fact]
    public async Task Should_handle_each_replay_of_a_command_without_an_id()
    {
        var place = shared.Place;
        const string update = "orchestrator.jobs.update-flavor";
        const string queue = "orchestrator-update-flavor";
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('replayed-twice', 'f', '{}')");
        await using var publisher = await AmqpPublisher.ConnectAsync(place);
        for (var times = 0; times < 2; times++)
        {
            await place.ExecuteAsync("UPDATE flavor SET minimum_pressure = 9, maximum_pressure = NULL WHERE platform = 'replayed-twice'");
            await publisher.PublishAsync(update, """{"platform":"replayed-twice","name":"f","maximumPressure":5}""");
            await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter WHERE queue = $1)", queue), "refused");
            await place.ExecuteAsync("UPDATE flavor SET minimum_pressure = 0 WHERE platform = 'replayed-twice'");

            using var response = await shared.Client.PostAsync($"/api/v1/dead-letters/{queue}/replay", null, TestContext.Current.CancellationToken);
            response.EnsureSuccessStatusCode();

            await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT maximum_pressure = 5 FROM flavor WHERE platform = 'replayed-twice'"), "applied");
        }
    }

    /// <summary>Whoever may publish commands may publish there, too.</summary>
    [Fact]
    public async Task Should_not_believe_whoever_says_where_a_message_died()
    {
        var place = shared.Place;
        await using var publisher = await AmqpPublisher.ConnectAsync(place);
        await publisher.PublishAsync(
            "orchestrator.dead-letter", "{}", "forged", "",
            ("x-death", new List<object> { new Dictionary<string, object?>(StringComparer.Ordinal) { ["queue"] = new string('q', 5000), ["reason"] = "x" } }));

        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT queue = 'orchestrator.dead-letter' AND reason LIKE 'UNKNOWN_ORIGIN%' FROM dead_letter WHERE message_id = 'forged'"),
            "in the dead letters");
    }

    [Fact]
    public async Task Should_name_as_actor_nobody_that_the_broker_does_not_vouch_for()
    {
        var place = shared.Place;
        await using var publisher = await AmqpPublisher.ConnectAsync(place);
        await publisher.PublishAsync(Enqueue, """{"platform":"forged-actor","id":"1"}""", "forged-actor", "", ("x-orchestrator-actor", "admin"));
        await publisher.PublishAsync(Enqueue, """{"platform":"forged-actor","id":""}""", "forged-actor-bad", "", ("x-orchestrator-actor", "admin"));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM resource_event WHERE key = 'forged-actor/1')"), "handled");
        Assert.Equal("bus", await place.ScalarAsync<string>("SELECT min(actor) FROM resource_event WHERE key = 'forged-actor/1'"));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT headers ? 'x-orchestrator-actor' FROM dead_letter WHERE message_id = 'forged-actor-bad'"), "a dead letter");
    }

    [Fact]
    public async Task Should_keep_the_form_of_nested_headers()
    {
        var place = shared.Place;
        const string headers = "SELECT headers->'x-route' = $1::jsonb FROM dead_letter WHERE message_id = 'nested-headers'";
        const string expected = """[{"hop": 1, "via": "gate"}, "end"]""";
        await using var publisher = await AmqpPublisher.ConnectAsync(place);
        await publisher.PublishAsync(
            Enqueue, """{"platform":"nested","id":""}""", "nested-headers", "",
            ("x-route", new List<object> { new Dictionary<string, object?>(StringComparer.Ordinal) { ["hop"] = 1, ["via"] = "gate" }, "end" }));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter WHERE message_id = 'nested-headers')"), "in the dead letters");
        Assert.True(await place.ScalarAsync<bool>(headers, expected));
        var first = await place.ScalarAsync<DateTime>("SELECT first_seen FROM dead_letter WHERE message_id = 'nested-headers'");

        Assert.Equal(1, await ReplayAsync(place, "nested-headers"));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter WHERE message_id = 'nested-headers' AND first_seen > $1)", first), "back");
        Assert.True(await place.ScalarAsync<bool>(headers, expected));
    }

    private async Task<int> ReplayAsync(Place place, string messageIds = "replay-%")
    {
        var ids = (await place.ScalarAsync<Guid[]>("SELECT array_agg(id) FROM dead_letter WHERE message_id LIKE $1", messageIds)).Select(id => id.ToString());
        using var response = await shared.Client.PostAsJsonAsync(
            $"/api/v1/dead-letters/{Queue}/replay", new { ids }, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["count"]!.GetValue<int>();
    }
}
