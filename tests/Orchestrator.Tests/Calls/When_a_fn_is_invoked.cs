using System.Text;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_fn_is_invoked(SharedFunctions functions)
{
    [Fact]
    public async Task Should_answer_what_the_function_answers()
    {
        var fn = await functions.DeployAsync();
        using var response = await fn.InvokeAsync("hello");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(5, response.Content.Headers.ContentLength);
        Assert.True(response.Headers.Contains("Fn-Fdk-Version"));
        var call = await fn.UntilEndedAsync(response.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal(("success", "sync"), (call.GetProperty("status").GetString(), call.GetProperty("type").GetString()));
        Assert.False(call.TryGetProperty("payload", out _));
    }

    [Fact]
    public async Task Should_answer_errors_as_the_original()
    {
        var fn = await functions.DeployAsync(new { timeout = 1 });
        using var failed = await fn.InvokeAsync("fail");
        await ShouldBeAsync(failed, 502, "function failed");
        Assert.Single(failed.Headers.GetValues("Fn-Call-Id"));
        using var late = await fn.InvokeAsync("sleep 5000");
        await ShouldBeAsync(late, 504, "Timed out");
        var call = await fn.UntilEndedAsync(late.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal(("error", "timeout"), (call.GetProperty("status").GetString(), call.GetProperty("reason").GetString()));
        using var large = await fn.InvokeAsync(new string('x', 1048577));
        await ShouldBeAsync(large, 413, "Content-Length too large for this server, 1048577 > max 1048576");
        using var missing = await SharedApi.SendAsync(functions.Client, "POST", "/invoke/none");
        await ShouldBeAsync(missing, 404, "Fn not found");
        using var method = await SharedApi.SendAsync(functions.Client, "PUT", $"/invoke/{fn.Id}");
        await ShouldBeAsync(method, 405, $"Method not allowed: PUT /invoke/{fn.Id}");
    }

    [Fact]
    public async Task Should_refuse_wishes_that_only_asynchronous_calls_may_have()
    {
        var fn = await functions.DeployAsync();
        using var sync = await fn.InvokeAsync("x", ("Fn-Delay", "1"));
        await ShouldBeAsync(sync, 400, "Fn-Delay needs Fn-Invoke-Type: async");
        using var detached = await fn.InvokeAsync("x", ("Fn-Invoke-Type", "detached"), ("Fn-Priority", "1"));
        await ShouldBeAsync(detached, 400, "Fn-Priority needs Fn-Invoke-Type: async");
    }

    [Fact]
    public async Task Should_have_begun_when_a_detached_call_is_answered()
    {
        var fn = await functions.DeployAsync(new { max_concurrency = 1 });
        using var begun = await fn.InvokeAsync("sleep 3000", ("Fn-Invoke-Type", "detached"));
        Assert.Equal((202, 0), ((int)begun.StatusCode, (int)begun.Content.Headers.ContentLength!));
        var id = begun.Headers.GetValues("Fn-Call-Id").Single();
        Assert.Equal("running", (await fn.AskAsync("GET", $"/{id}")).Body.GetProperty("status").GetString());

        // There is one place, and it is taken for longer than the budget of two seconds.
        using var busy = await fn.InvokeAsync("x", ("Fn-Invoke-Type", "detached"));
        await ShouldBeAsync(busy, 503, "Timed out - server too busy");
        Assert.Equal("15", busy.Headers.GetValues("Retry-After").Single());
        var given = await fn.UntilEndedAsync(busy.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal(("error", "start_failed", false), (given.GetProperty("status").GetString(), given.GetProperty("reason").GetString(), given.TryGetProperty("started_at", out _)));
        var call = await fn.UntilEndedAsync(id);
        Assert.Equal(("success", "detached"), (call.GetProperty("status").GetString(), call.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Should_tell_why_a_detached_call_cannot_begin()
    {
        var fn = await functions.DeployAsync(new { image = "nostart:1" });
        using var response = await fn.InvokeAsync("x", ("Fn-Invoke-Type", "detached"));
        Assert.True((int)response.StatusCode is >= 400 and < 600 and not 503, $"{response.StatusCode}");
    }

    [Fact]
    public async Task Should_be_cancelled_when_its_caller_goes()
    {
        var fn = await functions.DeployAsync(new { max_concurrency = 1 });
        using var going = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/invoke/{fn.Id}") { Content = new StringContent("sleep 20000", Encoding.UTF8, "text/plain") };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => functions.Client.SendAsync(request, going.Token));
        // Its place is free long before it would have ended.
        using var next = await fn.InvokeAsync("next");
        Assert.Equal(200, (int)next.StatusCode);
    }

    [Fact]
    public async Task Should_pass_through_a_trigger_what_is_meant_for_it()
    {
        var fn = await functions.DeployAsync();
        using var made = await SharedApi.SendAsync(
            functions.Client, "POST", "/v2/triggers", $$"""{"name":"t","app_id":"{{fn.AppId}}","fn_id":"{{fn.Id}}","type":"http","source":"/a/b"}""");
        var trigger = (await SharedApi.BodyAsync(made)).GetProperty("id").GetString();
        using var response = await SharedApi.SendAsync(functions.Client, "PUT", $"/t/{fn.AppName}/a/b?q=1", "\"hi\"", ("Fn-Invoke-Type", "detached"));
        Assert.Equal(201, (int)response.StatusCode);
        Assert.Equal("b", response.Headers.GetValues("X-A").Single());
        Assert.False(response.Headers.Contains("Fn-Fdk-Version"));
        Assert.False(response.Headers.Contains("Fn-Http-Status"));
        var call = await fn.UntilEndedAsync(response.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal((trigger, "PUT", "sync"), (call.GetProperty("trigger_id").GetString(), call.GetProperty("method").GetString(), call.GetProperty("type").GetString()));
        var headers = call.GetProperty("headers");
        Assert.Equal("PUT", headers.GetProperty("Fn-Http-Method")[0].GetString());
        Assert.EndsWith("/a/b?q=1", headers.GetProperty("Fn-Http-Request-Url")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal("httprequest", headers.GetProperty("Fn-Intent")[0].GetString());
        Assert.Equal("detached", headers.GetProperty("Fn-Http-H-Fn-Invoke-Type")[0].GetString());

        using var other = await SharedApi.SendAsync(functions.Client, "GET", $"/t/{fn.AppName}/a");
        await ShouldBeAsync(other, 404, "Trigger not found");
        using var app = await SharedApi.SendAsync(functions.Client, "GET", "/t/none/a");
        await ShouldBeAsync(app, 404, "App not found");
    }

    [Fact]
    public async Task Should_need_a_token_unless_it_is_public()
    {
        var closed = await functions.DeployAsync();
        var open = await functions.DeployAsync(new { annotations = new Dictionary<string, object> { ["orchestrator/public"] = true } });
        using var nobody = new HttpClient { BaseAddress = functions.Host.Address };
        using var refused = await nobody.PostAsync($"/invoke/{closed.Id}", null, TestContext.Current.CancellationToken);
        Assert.Equal(401, (int)refused.StatusCode);
        using var served = await nobody.PostAsync($"/invoke/{open.Id}", new StringContent("hi"), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)served.StatusCode);
    }

    [Fact]
    public async Task Should_go_on_with_the_trace_of_its_caller()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var fn = await functions.DeployAsync();
        using var made = await SharedApi.SendAsync(
            functions.Client, "POST", "/v2/triggers", $$"""{"name":"t","app_id":"{{fn.AppId}}","fn_id":"{{fn.Id}}","type":"http","source":"/"}""");
        using var response = await SharedApi.SendAsync(functions.Client, "POST", $"/t/{fn.AppName}", "\"x\"", ("traceparent", $"00-{trace}-b7ad6b7169203331-01"));
        Assert.Contains(trace, response.Headers.GetValues("Trace").Single(), StringComparison.Ordinal);
        var call = await fn.UntilEndedAsync(response.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal(trace, call.GetProperty("trace_id").GetString());
        var accepted = await fn.UntilEndedAsync(await fn.AcceptAsync("x", ("traceparent", $"00-{trace}-b7ad6b7169203331-01")));
        Assert.Equal(trace, accepted.GetProperty("trace_id").GetString());
        Assert.Contains(trace, accepted.GetProperty("result_headers").GetRawText(), StringComparison.Ordinal);
    }

    private static async Task ShouldBeAsync(HttpResponseMessage response, int status, string message)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal($"{{\"message\":\"{message}\"}}\n", text);
    }
}
