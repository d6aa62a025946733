using Orchestrator.Sagas.Calls;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_call_is_cancelled_or_retried(SharedFunctions functions)
{
    [Fact]
    public async Task Should_be_cancelled_while_it_is_delayed()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("x", ("Fn-Delay", "3600"));
        var (status, call) = await fn.AskAsync("POST", $"/{id}/cancel");
        Assert.Equal((200, "cancelled", "client_request"), (status, call.GetProperty("status").GetString(), call.GetProperty("reason").GetString()));
        Assert.Equal(409, (await fn.AskAsync("POST", $"/{id}/cancel")).Status);
    }

    [Fact]
    public async Task Should_be_cancelled_while_it_is_queued()
    {
        var fn = await functions.DeployAsync(new { max_concurrency = 1 });
        var running = await fn.AcceptAsync("sleep 20000");
        await fn.UntilAsync(running, "running");
        var queued = await fn.AcceptAsync("x");
        Assert.Equal("queued", (await fn.AskAsync("GET", $"/{queued}")).Body.GetProperty("status").GetString());
        Assert.Equal(200, (await fn.AskAsync("POST", $"/{queued}/cancel")).Status);
        Assert.Equal(200, (await fn.AskAsync("POST", $"/{running}/cancel")).Status);
        Assert.False((await fn.UntilEndedAsync(queued)).TryGetProperty("started_at", out _));
    }

    [Fact]
    public async Task Should_be_killed_while_it_runs_and_its_late_result_count_for_nothing()
    {
        var fn = await functions.DeployAsync(new { max_concurrency = 1 });
        var id = await fn.AcceptAsync("sleep 20000", ("Fn-Max-Retries", "3"));
        await fn.UntilAsync(id, "running");
        var (status, call) = await fn.AskAsync("POST", $"/{id}/cancel");
        Assert.Equal((200, "cancelled"), (status, call.GetProperty("status").GetString()));
        // Its place is free long before it would have ended.
        Assert.Equal("success", (await fn.UntilEndedAsync(await fn.AcceptAsync("next"), TimeSpan.FromSeconds(15))).GetProperty("status").GetString());
        call = (await fn.AskAsync("GET", $"/{id}")).Body;
        Assert.Equal(("cancelled", false, false), (call.GetProperty("status").GetString(), call.TryGetProperty("retry_at", out _), call.TryGetProperty("error", out _)));
    }

    [Fact]
    public async Task Should_be_retried_by_hand_from_every_end()
    {
        var fn = await functions.DeployAsync();
        var succeeded = await fn.AcceptAsync("good", ("Fn-Priority", "1"));
        var failed = await fn.AcceptAsync("fail");
        var cancelled = await fn.AcceptAsync("x", ("Fn-Delay", "3600"));
        Assert.Equal(409, (await fn.AskAsync("POST", $"/{cancelled}/retry")).Status);
        await fn.AskAsync("POST", $"/{cancelled}/cancel");
        foreach (var id in (string[])[succeeded, failed, cancelled])
        {
            var old = await fn.UntilEndedAsync(id);
            var (status, body) = await fn.AskAsync("POST", $"/{id}/retry");
            Assert.Equal(202, status);
            var next = await fn.UntilEndedAsync(body.GetProperty("call_id").GetString()!);
            Assert.Equal((id, 2), (next.GetProperty("retry_of").GetString(), next.GetProperty("attempt").GetInt32()));
            Assert.Equal(old.GetProperty("priority").GetInt32(), next.GetProperty("priority").GetInt32());
            old = (await fn.AskAsync("GET", $"/{id}")).Body;
            Assert.Equal(next.GetProperty("id").GetString(), old.GetProperty("retry_at").GetString());
        }
    }

    [Fact]
    public async Task Should_not_be_retried_without_its_payload()
    {
        var fn = await functions.DeployAsync();
        using var response = await fn.InvokeAsync("x");
        var id = response.Headers.GetValues("Fn-Call-Id").Single();
        await fn.UntilEndedAsync(id);
        var (status, body) = await fn.AskAsync("POST", $"/{id}/retry");
        Assert.Equal(409, status);
        Assert.StartsWith("PAYLOAD_NOT_KEPT", body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(404, (await fn.AskAsync("POST", "/none/retry")).Status);
        Assert.Equal(404, (await fn.AskAsync("POST", "/none/cancel")).Status);
    }

    [Fact]
    public async Task Should_be_cancelled_with_its_fn()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("x", ("Fn-Delay", "3600"));
        using var deleted = await SharedApi.SendAsync(functions.Client, "DELETE", $"/v2/apps/{fn.AppId}");
        Assert.Equal(204, (int)deleted.StatusCode);
        Assert.Equal("cancelled", await functions.Place.ScalarAsync<string>("SELECT status FROM call WHERE id = $1", id));
    }

    [Fact]
    public async Task Should_list_calls_newest_first_in_pages()
    {
        var fn = await functions.DeployAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Insert(0, await fn.AcceptAsync($"{i}"));
        var page = (await fn.AskAsync("GET", "?per_page=1")).Body;
        Assert.Equal(ids[0], Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
        page = (await fn.AskAsync("GET", $"?per_page=100&cursor={page.GetProperty("next_cursor").GetString()}")).Body;
        Assert.Equal(ids[1..], page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
        Assert.False(page.TryGetProperty("next_cursor", out _));
        Assert.Empty((await fn.AskAsync("GET", "?to_time=1541757600")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(3, (await fn.AskAsync("GET", "?from_time=1541757600")).Body.GetProperty("items").GetArrayLength());
        foreach (var (query, message) in ((string, string)[])[("from_time=x", "from_time is not an epoch time"), ("to_time=x", "to_time is not an epoch time"), ("cursor=abc", "Invalid cursor")])
        {
            var (status, body) = await fn.AskAsync("GET", $"?{query}");
            Assert.Equal((400, message), (status, body.GetProperty("message").GetString()));
        }
    }

    /// <summary>Every pair of states, tried in the table itself: the seed's diagram and nothing else.</summary>
    [Fact]
    public async Task Should_go_the_ways_of_the_diagram_and_no_other()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("x", ("Fn-Delay", "3600"));
        foreach (var from in CallStatus.All)
        {
            foreach (var to in CallStatus.All.Where(status => status != from))
            {
                await functions.Place.ExecuteAsync($"""
                    ALTER TABLE call DISABLE TRIGGER call_transition;
                    UPDATE call SET status = '{from}', worker = -1, spec_id = -1 WHERE id = '{id}';
                    ALTER TABLE call ENABLE TRIGGER call_transition
                    """);
                var refused = await Record.ExceptionAsync(() => functions.Place.ExecuteAsync("UPDATE call SET status = $2 WHERE id = $1", id, to));
                Assert.True(CallStatus.CanBecome(from, to) == refused is null, $"{from} to {to}: {refused?.Message}");
            }
        }

        await functions.Place.ExecuteAsync("DELETE FROM call WHERE id = $1", id);
    }
}
