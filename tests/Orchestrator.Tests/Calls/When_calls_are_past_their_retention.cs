using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

public sealed class When_calls_are_past_their_retention(Servers servers)
{
    [Fact]
    public async Task Should_lose_first_what_they_hold_and_then_themselves()
    {
        await TestFunctions.PrepareAsync();
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place, [.. TestFunctions.Settings, Host.Only("calls"), ("Retention__Interval", "00:00:01")]);
        var fn = await FnUnderTest.DeployAsync(host.Client);
        var (old, older, young) = (await fn.AcceptAsync("sleep 1"), await fn.AcceptAsync("sleep 1"), await fn.AcceptAsync("sleep 1"));
        foreach (var id in (string[])[old, older, young])
            Assert.Equal("success", (await fn.UntilEndedAsync(id)).GetProperty("status").GetString());
        await place.ExecuteAsync(
            """
            UPDATE call SET completed_at = completed_at - CASE id WHEN $1 THEN interval '8 days' WHEN $2 THEN interval '31 days' ELSE interval '0' END
            """, old, older);
        await place.ExecuteAsync("UPDATE call_log SET created_at = created_at - interval '8 days' WHERE call_id = $1", old);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM call WHERE id = $1)", older), "gone");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT payload IS NULL AND result IS NULL FROM call WHERE id = $1", old), "without its result");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM call_log WHERE call_id = $1)", old), "without its log");
        var (status, refused) = await fn.AskAsync("POST", $"/{old}/retry");
        Assert.Equal(409, status);
        Assert.StartsWith("PAYLOAD_NOT_KEPT", refused.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("sleep 1", (await fn.AskAsync("GET", $"/{young}")).Body.GetProperty("result").GetString());
        Assert.Equal(200, (await fn.AskAsync("GET", $"/{young}/log")).Status);
    }
}
