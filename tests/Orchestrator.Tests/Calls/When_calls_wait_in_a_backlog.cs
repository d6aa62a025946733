using System.Text.Json;
using Orchestrator.Tests.Chaos;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

/// <summary>The API and two workers apart, and more calls than they can start.</summary>
public sealed class When_calls_wait_in_a_backlog(Servers servers)
{
    private static readonly int Calls = ChaosCollection.IsLong ? 3_000 : 1_200;
    private static readonly TimeSpan Equal = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Should_start_by_level_and_first_come_first_served_within_one()
    {
        await TestFunctions.PrepareAsync();
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place);
        var fns = new List<FnUnderTest>();
        for (var i = 0; i < 2; i++)
            fns.Add(await FnUnderTest.DeployAsync(api.Client, new { max_concurrency = 4 }));
        var random = new Random(5);
        var accepted = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (Interlocked.Increment(ref accepted) <= Calls)
            {
                int priority, which;
                lock (random)
                    (priority, which) = (random.Next(3), random.Next(fns.Count));
                // Those of one are so short that a slot takes several at a time.
                await fns[which].AcceptAsync(which == 0 ? "sleep 5" : "sleep 40", ("Fn-Priority", $"{priority}"));
            }
        }));
        // Both at once on a broker that knows no queue.
        (string, string)[] settings = [.. TestFunctions.Settings, Host.Only("calls")];
        await using var one = await Host.LaunchAsync("Orchestrator.Workers", place, settings);
        await using var two = await Host.LaunchAsync("Orchestrator.Workers", place, settings);
        await Task.WhenAll(one.UntilReadyAsync(), two.UntilReadyAsync());

        // While the backlog is there, calls of the highest level come late.
        var late = new List<string>();
        for (var i = 0; i < 20; i++)
            late.Add(await fns[i % fns.Count].AcceptAsync("sleep 5", ("Fn-Priority", "2")));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM call WHERE status <> 'success')"), "all run", Patience);
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT count(DISTINCT worker) FROM call"));

        // A call of level 2 before every call of level 0 that was queued after it.
        Assert.Equal(0L, await place.ScalarAsync<long>(
            """
            SELECT count(*) FROM call a JOIN call b ON a.priority = 2 AND b.priority = 0 AND b.queued_at > a.queued_at AND b.started_at < a.started_at - $1
            """, Equal));
        // Within a level in the order of their coming, fn by fn: what has no room is passed over.
        Assert.Equal(0L, await place.ScalarAsync<long>(
            """
            SELECT count(*) FROM call a JOIN call b ON a.fn_id = b.fn_id AND a.priority = b.priority AND b.queued_at > a.queued_at AND b.started_at < a.started_at - $1
            """, Equal));
        // Those that came late overtook what had waited.
        Assert.True(await place.ScalarAsync<long>(
            "SELECT count(*) FROM call a, call b WHERE a.id = $1 AND b.priority = 0 AND b.queued_at < a.queued_at AND b.started_at > a.started_at", late[^1]) > 0);
        // Each ran once, on either worker.
        Assert.Equal((long)Calls + late.Count, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'call' AND what = 'succeeded'"));
    }

    [Fact]
    public async Task Should_not_let_the_lowest_level_wait_for_ever()
    {
        await TestFunctions.PrepareAsync();
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place, [.. TestFunctions.Settings, Host.Only("calls"), ("Calls__AgeingStep", "00:00:01")]);
        var fn = await FnUnderTest.DeployAsync(host.Client, new { max_concurrency = 1 });
        var low = await fn.AcceptAsync("sleep 50");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        // More of the highest level than there is room for, without an end: those of the first two steps go before.
        var flood = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                await fn.AcceptAsync("sleep 50", ("Fn-Priority", "2"));
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }));
        var second = await fn.AcceptAsync("sleep 50");
        await fn.UntilEndedAsync(low);
        await fn.UntilEndedAsync(second);
        Assert.True(await place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM call WHERE priority = 2 AND status = 'queued')"));
        await stop.CancelAsync();
        await flood;
    }

    [Fact]
    public async Task Should_be_answered_across_the_bus()
    {
        await TestFunctions.PrepareAsync();
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place, ("Calls__DetachedPlacementBudget", "00:00:01"));
        var fn = await FnUnderTest.DeployAsync(api.Client, new { timeout = 1 });

        // Nobody is there who could begin it; who comes later must not.
        using var nobody = await fn.InvokeAsync("x", ("Fn-Invoke-Type", "detached"));
        Assert.Equal(503, (int)nobody.StatusCode);
        await using var worker = await Host.StartWorkerAsync(place, [.. TestFunctions.Settings, Host.Only("calls"), ("Calls__DetachedPlacementBudget", "00:00:01")]);
        using var answer = await fn.InvokeAsync("over there");
        Assert.Equal((200, "over there"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        using var late = await fn.InvokeAsync("sleep 5000");
        Assert.Equal(504, (int)late.StatusCode);
        using var failed = await fn.InvokeAsync("fail");
        Assert.Equal("""{"message":"function failed"}""", (await failed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Trim());
        using var begun = await fn.InvokeAsync("sleep 500", ("Fn-Invoke-Type", "detached"));
        Assert.Equal(202, (int)begun.StatusCode);
        Assert.Equal("success", (await fn.UntilEndedAsync(begun.Headers.GetValues("Fn-Call-Id").Single())).GetProperty("status").GetString());
        var large = new string('y', 1_000_000);
        using var whole = await fn.InvokeAsync(large);
        Assert.Equal(large, await whole.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var given = await fn.UntilEndedAsync(nobody.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal(("error", "start_failed", false), (given.GetProperty("status").GetString(), given.GetProperty("reason").GetString(), given.TryGetProperty("started_at", out JsonElement _)));
    }
}
