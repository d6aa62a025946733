using System.Collections.Concurrent;
using Orchestrator.Tests.Chaos;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

/// <summary>
/// Asynchronous calls while processes are killed. The function itself writes the ledger: a line when it begins, one
/// when it ends.
/// </summary>
[Collection(nameof(ChaosCollection))]
public sealed class When_processes_are_killed_under_calls(Servers servers)
{
    private static readonly int Kills = ChaosCollection.IsLong ? 100 : 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Should_lose_no_call_and_run_none_twice_at_once()
    {
        Assert.SkipUnless(ChaosCollection.IsLong, "It takes minutes: ./test --long.");
        await TestFunctions.PrepareAsync();
        await using var place = await servers.CreatePlaceAsync();
        await using var ledger = new CallLedger();
        (string, string)[] settings = [.. TestFunctions.Settings, ("Calls__DeadWorkerInterval", "00:00:00.500"), ("Calls__Concurrency", "8")];
        await using var api = await Host.StartApiAsync(place);
        await using var one = await Host.StartWorkerAsync(place, settings);
        await using var two = await Host.StartWorkerAsync(place, settings);
        var fn = await FnUnderTest.DeployAsync(api.Client, new { memory = 256 });
        var accepted = new ConcurrentBag<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var load = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => AcceptAsync(fn, ledger, accepted, stop.Token)));
        var random = new Random();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var kill = 0; kill < Kills; kill++)
        {
            if (kill % 4 != 3)
                await Task.WhenAll(api.UntilReadyAsync(Patience), one.UntilReadyAsync(Patience), two.UntilReadyAsync(Patience));
            for (var ticks = random.Next(3, 25); ticks > 0; ticks--)
                await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            var worker = random.Next(2) == 0 ? one : two;
            Host[] victims = (kill % 3) switch { 0 => [worker], 1 => [api, worker], _ => [one, two] };
            await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
            foreach (var victim in victims)
                await victim.RestartAsync();
        }

        await stop.CancelAsync();
        await load;
        await Task.WhenAll(api.UntilReadyAsync(Patience), one.UntilReadyAsync(Patience), two.UntilReadyAsync(Patience));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM call WHERE status IN ('delayed', 'queued', 'running'))"), "all ended", Patience);
        Assert.True(accepted.Count > Kills, $"{accepted.Count} calls only");

        // Every call that was accepted is there, and it, or a call that repeats it, succeeded.
        var lost = await place.ScalarAsync<string>(
            """
            WITH RECURSIVE chain AS (
                SELECT a.id AS first, c.status, c.retry_at FROM unnest($1) AS a (id) LEFT JOIN call c ON c.id = a.id
                UNION ALL
                SELECT chain.first, c.status, c.retry_at FROM chain JOIN call c ON c.id = chain.retry_at)
            SELECT string_agg(DISTINCT first || ' ' || coalesce(status, 'missing'), ', ') FROM chain
            WHERE first NOT IN (SELECT first FROM chain WHERE status = 'success')
            """, accepted.ToArray());
        Assert.Null(lost);
        var repeats = await place.ScalarAsync<long>("SELECT count(*) FROM call WHERE retry_of IS NOT NULL");
        var origins = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var (id, of) in RetriesAsync(place))
            origins[id] = of;
        ledger.ShouldHaveNoneTwiceAtOnce(id =>
        {
            while (origins.TryGetValue(id, out var of))
                id = of;
            return id;
        });
        TestContext.Current.SendDiagnosticMessage($"{accepted.Count} calls, {repeats} repeats, {ledger.Count} lines");
    }

    private static async Task AcceptAsync(FnUnderTest fn, CallLedger ledger, ConcurrentBag<string> accepted, CancellationToken stop)
    {
        // Less than the workers can do, so that what waits is what the kills held up.
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(150));
        while (!stop.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            try
            {
                accepted.Add(await fn.AcceptAsync($"ledger {ledger.File} 120", ("Fn-Max-Retries", "25"), ("Fn-Retry-Delay", "0")));
            }
            catch (HttpRequestException)
            {
                await Task.Delay(200, CancellationToken.None);
            }
            catch (Xunit.Sdk.TrueException)
            {
                // It answered, but did not accept.
                await Task.Delay(200, CancellationToken.None);
            }
        }
    }

    private static async IAsyncEnumerable<(string Id, string Of)> RetriesAsync(Place place)
    {
        await using var command = place.Source.CreateCommand("SELECT id, retry_of FROM call WHERE retry_of IS NOT NULL");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            yield return (reader.GetString(0), reader.GetString(1));
    }
}
