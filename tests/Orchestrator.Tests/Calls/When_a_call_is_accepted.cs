using System.Text;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_call_is_accepted(SharedFunctions functions)
{
    [Fact]
    public async Task Should_run_and_keep_its_result()
    {
        var fn = await functions.DeployAsync(new { config = new { A = "1" }, cpus = "0.5" });
        var id = await fn.AcceptAsync("hello", ("X-Mine", "a"), ("X-Mine", "b"));
        var call = await fn.UntilEndedAsync(id);
        Assert.Equal("success", call.GetProperty("status").GetString());
        Assert.Equal(("async", "hello", "hello", 200), (
            call.GetProperty("type").GetString(), call.GetProperty("payload").GetString(), call.GetProperty("result").GetString(), call.GetProperty("result_status").GetInt32()));
        Assert.Equal("""["a","b"]""", call.GetProperty("headers").GetProperty("X-Mine").GetRawText().Replace("a, b", "a\",\"b", StringComparison.Ordinal));
        Assert.Equal((fn.Id, fn.AppId, fn.AppName, ""), (
            call.GetProperty("fn_id").GetString(), call.GetProperty("app_id").GetString(), call.GetProperty("app_name").GetString(), call.GetProperty("trigger_id").GetString()));
        Assert.Equal(("1", "128", "sync"), (
            call.GetProperty("config").GetProperty("A").GetString(), call.GetProperty("config").GetProperty("FN_MEMORY").GetString(), call.GetProperty("config").GetProperty("FN_TYPE").GetString()));
        Assert.Equal("500m", call.GetProperty("cpus").GetString());
        Assert.Equal(32, call.GetProperty("trace_id").GetString()!.Length);
        Assert.Equal("POST", call.GetProperty("method").GetString());
        Assert.EndsWith($"/invoke/{fn.Id}", call.GetProperty("url").GetString(), StringComparison.Ordinal);
        Assert.False(call.GetProperty("headers").TryGetProperty("Authorization", out _));
        foreach (var time in (string[])["created_at", "queued_at", "started_at", "completed_at"])
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", call.GetProperty(time).GetString());
        Assert.Equal(
            "queued>started>succeeded",
            await functions.Place.ScalarAsync<string>("SELECT string_agg(what, '>' ORDER BY id) FROM resource_event WHERE kind = 'call' AND key = $1", id));
    }

    [Fact]
    public async Task Should_keep_bytes_that_are_no_text_and_large_bodies()
    {
        var fn = await functions.DeployAsync();
        var large = new string('x', 200_000);
        Assert.Equal(large, (await fn.UntilEndedAsync(await fn.AcceptAsync(large))).GetProperty("result").GetString());
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/invoke/{fn.Id}") { Content = new ByteArrayContent([0, 1, 0xff, 0xfe]) };
        request.Headers.Add("Fn-Invoke-Type", "async");
        using var response = await functions.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var id = (await SharedApi.BodyAsync(response)).GetProperty("call_id").GetString()!;
        var call = await fn.UntilEndedAsync(id);
        Assert.Equal(("AAH//g==", "base64"), (call.GetProperty("payload").GetString(), call.GetProperty("payload_encoding").GetString()));
    }

    [Fact]
    public async Task Should_be_delayed_and_then_queued()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("later", ("Fn-Delay", "2"));
        var call = (await fn.AskAsync("GET", $"/{id}")).Body;
        Assert.Equal(("delayed", 2), (call.GetProperty("status").GetString(), call.GetProperty("delay").GetInt32()));
        call = await fn.UntilEndedAsync(id);
        var waited = call.GetProperty("queued_at").GetDateTimeOffset() - call.GetProperty("created_at").GetDateTimeOffset();
        Assert.True(waited >= TimeSpan.FromSeconds(1.9), $"queued after {waited}");
        Assert.Equal(
            "delayed>queued>started>succeeded",
            await functions.Place.ScalarAsync<string>("SELECT string_agg(what, '>' ORDER BY id) FROM resource_event WHERE kind = 'call' AND key = $1", id));
    }

    [Fact]
    public async Task Should_be_run_again_after_an_error_as_its_policy_says()
    {
        var fn = await functions.DeployAsync();
        var first = await fn.UntilEndedAsync(await fn.AcceptAsync("fail", ("Fn-Max-Retries", "2"), ("Fn-Retry-Delay", "0")));
        Assert.Equal(("error", "bad_exit", "function failed"), (first.GetProperty("status").GetString(), first.GetProperty("reason").GetString(), first.GetProperty("error").GetString()));
        var second = await fn.UntilEndedAsync(first.GetProperty("retry_at").GetString()!);
        Assert.Equal((first.GetProperty("id").GetString(), 2, 1), (second.GetProperty("retry_of").GetString(), second.GetProperty("attempt").GetInt32(), second.GetProperty("max_retries").GetInt32()));
        var third = await fn.UntilEndedAsync(second.GetProperty("retry_at").GetString()!);
        Assert.Equal((3, 0), (third.GetProperty("attempt").GetInt32(), third.GetProperty("max_retries").GetInt32()));
        Assert.False(third.TryGetProperty("retry_at", out _));
        Assert.Equal("fail", third.GetProperty("payload").GetString());
    }

    [Fact]
    public async Task Should_keep_the_log_of_a_failure()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("fail");
        await fn.UntilEndedAsync(id);
        var (status, log) = await fn.AskAsync("GET", $"/{id}/log");
        Assert.Equal((200, id), (status, log.GetProperty("call_id").GetString()));
        Assert.Contains("boom", log.GetProperty("log").GetString(), StringComparison.Ordinal);
        using var text = await SharedApi.SendAsync(functions.Client, "GET", $"/v2/fns/{fn.Id}/calls/{id}/log", null, ("Accept", "text/plain"));
        Assert.Equal("text/plain", text.Content.Headers.ContentType!.MediaType);
        using var other = await SharedApi.SendAsync(functions.Client, "GET", $"/v2/fns/{fn.Id}/calls/{id}/log", null, ("Accept", "image/png"));
        Assert.Equal(406, (int)other.StatusCode);
        Assert.Equal("unable to respond within acceptable response content types", (await SharedApi.BodyAsync(other)).GetProperty("message").GetString());
        Assert.Equal((404, "Call log not found"), Message(await fn.AskAsync("GET", "/none/log")));
    }

    [Fact]
    public async Task Should_end_as_an_error_when_no_container_comes_up()
    {
        var fn = await functions.DeployAsync(new { image = "nostart:1" });
        var call = await fn.UntilEndedAsync(await fn.AcceptAsync("x"));
        Assert.Equal(("error", "start_failed"), (call.GetProperty("status").GetString(), call.GetProperty("reason").GetString()));
    }

    [Theory]
    [InlineData("Fn-Delay", "-1")]
    [InlineData("Fn-Delay", "1.5")]
    [InlineData("Fn-Delay", "soon")]
    [InlineData("Fn-Delay", "")]
    [InlineData("Fn-Priority", "3")]
    [InlineData("Fn-Priority", "-1")]
    [InlineData("Fn-Max-Retries", "26")]
    [InlineData("Fn-Retry-Delay", "x")]
    [InlineData("Fn-Callback-Url", "ftp://example.com")]
    [InlineData("Fn-Callback-Url", "nonsense")]
    public async Task Should_name_the_header_that_is_wrong(string name, string value)
    {
        var fn = await functions.DeployAsync();
        using var response = await fn.InvokeAsync("x", ("Fn-Invoke-Type", "async"), (name, value));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.StartsWith($"{name} must be", (await SharedApi.BodyAsync(response)).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_be_accepted_once_for_one_idempotency_key()
    {
        var fn = await functions.DeployAsync();
        var first = await fn.AcceptAsync("once", ("Idempotency-Key", fn.Id));
        Assert.Equal(first, await fn.AcceptAsync("once", ("Idempotency-Key", fn.Id)));
        await fn.UntilEndedAsync(first);
        Assert.Equal(1L, await functions.Place.ScalarAsync<long>("SELECT count(*) FROM call WHERE fn_id = $1", fn.Id));
    }

    [Fact]
    public async Task Should_be_accepted_once_when_the_message_comes_twice()
    {
        var fn = await functions.DeployAsync();
        await using var publisher = await AmqpPublisher.ConnectAsync(functions.Place);
        var body = $$"""{"fn_id":"{{fn.Id}}","payload":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes("by bus"))}}","priority":2}""";
        for (var i = 0; i < 3; i++)
            await publisher.PublishAsync("orchestrator.calls.invoke-fn", body, messageId: $"m-{fn.Id}");
        await publisher.PublishAsync("orchestrator.calls.invoke-fn", """{"fn_id":"none"}""", messageId: $"n-{fn.Id}");
        await publisher.PublishAsync("orchestrator.calls.invoke-fn", $$"""{"fn_id":"{{fn.Id}}","priority":3}""", messageId: $"p-{fn.Id}");
        await publisher.PublishAsync("orchestrator.calls.invoke-fn", $$"""{"fn_id":"{{fn.Id}}"}""");
        await Wait.UntilAsync(() => functions.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM call WHERE fn_id = $1 AND status = 'success')", fn.Id), "run");
        var list = (await fn.AskAsync("GET", "")).Body;
        Assert.Equal(2, Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("priority").GetInt32());
        foreach (var reason in (string[])["FN_NOT_FOUND", "INVALID_FIELD", "MESSAGE_ID_MISSING"])
        {
            await Wait.UntilAsync(
                () => functions.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter WHERE queue = 'orchestrator-invoke-fn' AND reason LIKE $1)", $"{reason}%"), reason);
        }
    }

    [Fact]
    public async Task Should_be_found_by_nobody_else()
    {
        var (fn, other) = (await functions.DeployAsync(), await functions.DeployAsync());
        var id = await fn.AcceptAsync("x");
        Assert.Equal((404, "Call not found"), Message(await other.AskAsync("GET", $"/{id}")));
        Assert.Equal((404, "Call not found"), Message(await fn.AskAsync("GET", $"/{id[..10]}")));
    }

    private static (int Status, string? Message) Message((int Status, System.Text.Json.JsonElement Body) answer) =>
        (answer.Status, answer.Body.GetProperty("message").GetString());
}
