using System.Text;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_dead_letters_are_handled(SharedApi api)
{
    private readonly string _platform = SharedApi.NewPlatform();
    private readonly string _queue = $"q{Guid.CreateVersion7():N}";

    [Fact]
    public async Task Should_list_queues_and_messages_and_show_one_as_a_whole()
    {
        await InsertAsync(_queue, "m1", new string('x', 600));
        await InsertAsync(_queue, "m2", "{}");
        var (_, overview) = await api.AskAsync("GET", "/api/v1/dead-letters?limit=500");
        var queue = overview.GetProperty("queues").EnumerateArray().Single(one => one.GetProperty("queue").GetString() == _queue);
        Assert.Equal(2, queue.GetProperty("count").GetInt64());
        Assert.Contains(overview.GetProperty("items").EnumerateArray(), one => one.GetProperty("queue").GetString() == _queue);

        var (_, page) = await api.AskAsync("GET", $"/api/v1/dead-letters/{_queue}?limit=1");
        var letter = page.GetProperty("items")[0];
        Assert.Equal("m1", letter.GetProperty("messageId").GetString());
        Assert.Equal(512, letter.GetProperty("bodyPreview").GetString()!.Length);
        Assert.Equal(600, letter.GetProperty("size").GetInt32());
        Assert.Equal("INVALID_FIELD: because", letter.GetProperty("reason").GetString());
        var (_, next) = await api.AskAsync("GET", $"/api/v1/dead-letters/{_queue}?limit=1&cursor={page.GetProperty("nextCursor").GetString()}");
        Assert.Equal("m2", next.GetProperty("items")[0].GetProperty("messageId").GetString());
        Assert.Equal(JsonValueKind.Null, next.GetProperty("nextCursor").ValueKind);

        var (_, whole) = await api.AskAsync("GET", $"/api/v1/dead-letters/{_queue}/{letter.GetProperty("id").GetString()}");
        Assert.Equal(600, whole.GetProperty("body").GetString()!.Length);
        using var none = await api.SendAsync("GET", $"/api/v1/dead-letters/{_queue}/{Guid.CreateVersion7()}");
        await none.ShouldBeProblemAsync(404, "DEAD_LETTER_NOT_FOUND");
    }

    [Fact]
    public async Task Should_replay_to_the_queue_with_the_old_message_id()
    {
        var body = JsonSerializer.Serialize(new { platform = _platform, id = "1", labels = Array.Empty<string>() });
        var messageId = Guid.CreateVersion7().ToString();
        await InsertAsync("orchestrator-enqueue-job", messageId, body);
        var (status, replayed) = await api.AskAsync("POST", "/api/v1/dead-letters/orchestrator-enqueue-job/replay");
        Assert.Equal(200, status);
        Assert.True(replayed.GetProperty("count").GetInt32() >= 1);
        await Wait.UntilAsync(() => api.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE platform = $1)", _platform), "handled");
        Assert.True(await api.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM inbox WHERE message_id = $1::uuid)", messageId));
        Assert.False(await api.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter WHERE message_id = $1)", messageId));
    }

    [Fact]
    public async Task Should_leave_what_has_no_queue_where_it_is()
    {
        await InsertAsync(_queue, "m1", "{}");
        using var response = await api.SendAsync("POST", $"/api/v1/dead-letters/{_queue}/replay");
        await response.ShouldBeProblemAsync(409, "QUEUE_NOT_FOUND");
        Assert.Equal(1L, await api.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter WHERE queue = $1", _queue));
        Assert.Equal(0L, await api.Place.ScalarAsync<long>("SELECT count(*) FROM outbox WHERE routing_key = $1", _queue));
    }

    [Fact]
    public async Task Should_replay_and_delete_only_what_is_named()
    {
        var first = await InsertAsync(_queue, "m1", "{}");
        var second = await InsertAsync(_queue, "m2", "{}");
        await InsertAsync(_queue, "m3", "{}");
        Assert.Equal(1, (await api.AskAsync("DELETE", $"/api/v1/dead-letters/{_queue}", $$"""{"ids":["{{first}}"]}""")).Body.GetProperty("count").GetInt32());
        Assert.Equal(1, (await api.AskAsync("DELETE", $"/api/v1/dead-letters/{_queue}?ids={second}")).Body.GetProperty("count").GetInt32());
        Assert.Equal(1L, await api.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter WHERE queue = $1", _queue));
        Assert.Equal(1, (await api.AskAsync("DELETE", $"/api/v1/dead-letters/{_queue}")).Body.GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("DELETE", "?ids=", null)]
    [InlineData("DELETE", "?ids=abc", null)]
    [InlineData("DELETE", "", "{}")]
    [InlineData("DELETE", "", """{"ids":[]}""")]
    [InlineData("POST", "/replay", """{"id":["019aa5b0-0000-7000-8000-000000000001"]}""")]
    [InlineData("POST", "/replay", """{"ids":[7]}""")]
    public async Task Should_never_take_a_wrong_selection_for_all(string method, string rest, string? body)
    {
        await InsertAsync(_queue, "m1", "{}");
        using var response = await api.SendAsync(method, $"/api/v1/dead-letters/{_queue}{rest}", body);
        await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.Equal(1L, await api.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter WHERE queue = $1", _queue));
    }

    [Theory]
    [InlineData("DELETE", "", "id")]
    [InlineData("DELETE", "", "limit")]
    [InlineData("POST", "/replay", "ids")]
    [InlineData("POST", "/replay", "Limits")]
    public async Task Should_refuse_a_parameter_that_is_misspelt(string method, string rest, string name)
    {
        var letter = await InsertAsync(_queue, "m1", "{}");
        using var response = await api.SendAsync(method, $"/api/v1/dead-letters/{_queue}{rest}?{name}={letter}");
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty(name, out _), problem.GetRawText());
        Assert.Equal(1L, await api.Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter WHERE queue = $1", _queue));
    }

    private Task<Guid> InsertAsync(string queue, string messageId, string body) => api.Place.ScalarAsync<Guid>(
        """
        INSERT INTO dead_letter (id, queue, message_id, reason, error_type, content_type, headers, body)
        VALUES (gen_random_uuid(), $1, $2, 'INVALID_FIELD: because', 'InvalidMessageException', 'application/json', '{"x-delivery-count": 3}', $3)
        RETURNING id
        """, queue, messageId, Encoding.UTF8.GetBytes(body));
}
