using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_call_is_followed(SharedFunctions functions)
{
    [Fact]
    public async Task Should_stream_what_happens_and_go_on_after_the_last_event()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("x", ("Fn-Delay", "3600"));
        using var stream = await LineStream.OpenAsync(functions.Client, $"/v2/fns/{fn.Id}/calls/{id}/events", ("Accept", "text/event-stream"));
        Assert.Equal("text/event-stream", stream.ContentType);
        Assert.Equal("event: delayed", await stream.NextAsync(IsEvent));
        var (status, _) = await fn.AskAsync("POST", $"/{id}/cancel");
        Assert.Equal(200, status);
        Assert.Equal("event: cancelled", await stream.NextAsync(IsEvent));
        Assert.Contains("\"reason\":\"client_request\"", await stream.NextAsync(line => line.StartsWith("data:", StringComparison.Ordinal)), StringComparison.Ordinal);

        using var again = await LineStream.OpenAsync(functions.Client, $"/v2/fns/{fn.Id}/calls/{id}/events");
        var first = await again.NextAsync(line => line.StartsWith("id:", StringComparison.Ordinal));
        using var resumed = await LineStream.OpenAsync(functions.Client, $"/v2/fns/{fn.Id}/calls/{id}/events", ("Last-Event-ID", first[4..]));
        Assert.Equal("event: cancelled", await resumed.NextAsync(IsEvent));
        Assert.Equal(404, (await fn.AskAsync("GET", "/none/events")).Status);
    }

    [Fact]
    public async Task Should_be_waited_for_when_that_is_preferred()
    {
        var fn = await functions.DeployAsync();
        using var accepted = await fn.InvokeAsync("sleep 300", ("Fn-Invoke-Type", "async"), ("Prefer", "wait=30"));
        Assert.Equal((200, "wait=30"), ((int)accepted.StatusCode, accepted.Headers.GetValues("Preference-Applied").Single()));
        var ended = await SharedApi.BodyAsync(accepted);
        Assert.Equal(("success", "sleep 300"), (ended.GetProperty("status").GetString(), ended.GetProperty("result").GetString()));
        var id = accepted.Headers.GetValues("Fn-Call-Id").Single();
        Assert.Equal((id, $"/v2/fns/{fn.Id}/calls/{id}"), (ended.GetProperty("id").GetString(), accepted.Headers.Location!.OriginalString));

        using var retried = await SharedApi.SendAsync(functions.Client, "POST", $"/v2/fns/{fn.Id}/calls/{id}/retry", null, ("Prefer", "wait=30"));
        Assert.Equal(200, (int)retried.StatusCode);
        Assert.Equal(("success", id), Of(await SharedApi.BodyAsync(retried), "status", "retry_of"));

        var running = await fn.AcceptAsync("sleep 300");
        using var read = await SharedApi.SendAsync(functions.Client, "GET", $"/v2/fns/{fn.Id}/calls/{running}", null, ("Prefer", "wait=30"));
        Assert.Equal("wait=30", read.Headers.GetValues("Preference-Applied").Single());
        Assert.Equal("success", (await SharedApi.BodyAsync(read)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Should_be_shown_as_it_is_when_the_time_is_up()
    {
        var fn = await functions.DeployAsync();
        using var accepted = await fn.InvokeAsync("x", ("Fn-Invoke-Type", "async"), ("Fn-Delay", "3600"), ("Prefer", "wait=0"));
        Assert.Equal(202, (int)accepted.StatusCode);
        var id = accepted.Headers.GetValues("Fn-Call-Id").Single();
        Assert.Equal(id, (await SharedApi.BodyAsync(accepted)).GetProperty("call_id").GetString());
        using var read = await SharedApi.SendAsync(functions.Client, "GET", $"/v2/fns/{fn.Id}/calls/{id}", null, ("Prefer", "wait=1"));
        Assert.Equal((200, "delayed"), ((int)read.StatusCode, (await SharedApi.BodyAsync(read)).GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Should_keep_its_log_up_to_the_limit()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("log 1100");
        await fn.UntilEndedAsync(id);
        using var answer = await SharedApi.SendAsync(functions.Client, "GET", $"/v2/fns/{fn.Id}/calls/{id}/log", null, ("Accept", "text/plain"));
        var log = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("\n-----max log size 1048576 bytes exceeded, truncating log-----\n", log, StringComparison.Ordinal);
        Assert.InRange(log.Length, 1024 * 1024, (1024 * 1024) + 100);
    }

    private static bool IsEvent(string line) => line.StartsWith("event:", StringComparison.Ordinal);

    private static (string?, string?) Of(System.Text.Json.JsonElement call, string first, string second) =>
        (call.GetProperty(first).GetString(), call.GetProperty(second).GetString());
}
