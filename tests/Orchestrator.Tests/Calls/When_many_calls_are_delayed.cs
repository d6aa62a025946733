using Orchestrator.Tests.Chaos;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

/// <summary>Two processes queue what is due; one of them is killed in between and comes back.</summary>
public sealed class When_many_calls_are_delayed(Servers servers)
{
    private static readonly int Pending = ChaosCollection.IsLong ? 100_000 : 3_000;
    private static readonly int Due = ChaosCollection.IsLong ? 15_000 : 1_500;
    private const int PerSecond = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Should_queue_each_once_and_soon()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var one = await Host.StartApiAsync(place);
        await using var two = await Host.StartApiAsync(place);
        var fn = await FnUnderTest.DeployAsync(one.Client);
        await fn.AcceptAsync("x", ("Fn-Delay", "86400"));

        // Rows as the API writes them: so many that are due one after the other, the others tomorrow.
        await place.ExecuteAsync(
            """
            INSERT INTO call (id, fn_id, spec_id, status, type, delay, due_at, headers, payload, created_at)
            SELECT 'D' || lpad(n::text, 25, '0'), c.fn_id, c.spec_id, 'delayed', 'async', 1,
                   database_now() + CASE WHEN n <= $1 THEN interval '8 seconds' + n * interval '1 second' / $2 ELSE interval '1 day' END,
                   '{}', 'x', database_now()
            FROM generate_series(1, $3) n, call c WHERE c.fn_id = $4
            """, Due, PerSecond, Pending, fn.Id);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) > $1 FROM call WHERE status = 'queued'", (long)Due / 4), "a quarter", Patience);
        await one.KillAsync();
        await one.RestartAsync();
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = $1 FROM call WHERE status = 'queued'", (long)Due), "all that are due", Patience);

        Assert.Equal((long)Pending - Due + 1, await place.ScalarAsync<long>("SELECT count(*) FROM call WHERE status = 'delayed'"));
        Assert.Equal((long)Due, await place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'call' AND what = 'queued' AND from_state = 'delayed'"));
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM call WHERE status = 'queued' AND queued_at < due_at"));
        var p99 = await place.ScalarAsync<double>(
            "SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM queued_at - due_at)) * 1000 FROM call WHERE status = 'queued'");
        TestContext.Current.SendDiagnosticMessage($"{Due} calls due at {PerSecond}/s beside {Pending - Due} others: queued {p99:0} ms after their time at the 99th percentile");
        TestContext.Current.TestOutputHelper?.WriteLine($"p99 {p99:0} ms");
    }
}
