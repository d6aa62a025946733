using System.Collections.Concurrent;
using System.Text.Json;
using Orchestrator.Tests.Chaos;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

/// <summary>
/// Asynchronous calls while processes are killed. The function itself writes the ledger: a line when it begins, when it
/// ends, and every 20 ms in between.
/// </summary>
[Collection(nameof(ChaosCollection))]
public sealed class When_processes_are_killed_under_calls(Servers servers)
{
    private static readonly int Kills = ChaosCollection.IsLong ? 100 : 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Less than the workers can do, so that what waits is what the kills held up.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    [Fact]
    public async Task Should_lose_no_call_and_run_none_twice_at_once()
    {
        await TestFunctions.PrepareAsync();
        await using var place = await servers.CreatePlaceAsync();
        await using var ledger = new CallLedger();
        (string, string)[] settings = [.. TestFunctions.Settings, Host.Only("calls"), ("Calls__DeadWorkerInterval", "00:00:00.500"), ("Calls__Concurrency", "4")];
        await using var api = await Host.StartApiAsync(place);
        await using var one = await Host.StartWorkerAsync(place, settings);
        await using var two = await Host.StartWorkerAsync(place, settings);
        // Calls that take long, and short ones of which a slot takes several.
        var (slow, quick) = (await FnUnderTest.DeployAsync(api.Client), await FnUnderTest.DeployAsync(api.Client));
        var accepted = new ConcurrentBag<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var load = Task.WhenAll(AcceptAsync(slow, $"ledger {ledger.File} 300", 2, accepted, stop.Token), AcceptAsync(quick, $"ledger {ledger.File} 5", 8, accepted, stop.Token));

        await KillAsync(api, one, two, ledger);

        await stop.CancelAsync();
        await load;
        await Task.WhenAll(api.UntilReadyAsync(Patience), one.UntilReadyAsync(Patience), two.UntilReadyAsync(Patience));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM call WHERE status IN ('delayed', 'queued', 'running'))"), "all ended", Patience);
        Assert.True(accepted.Count > Kills, $"{accepted.Count} calls only");
        Assert.Equal("", await LostAsync(place, accepted));
        var origins = await OriginsAsync(place);
        ledger.ShouldHaveNoneTwiceAtOnce(id =>
        {
            while (origins.TryGetValue(id, out var of))
                id = of;
            return id;
        });
        // Otherwise no kill hit a call.
        Assert.NotEmpty(origins);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} kills, {accepted.Count} calls, {origins.Count} repeats, {ledger.Begun} begun");
    }

    private static async Task KillAsync(Host api, Host one, Host two, CallLedger ledger)
    {
        var random = new Random();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var kill = 0; kill < Kills; kill++)
        {
            Host[] victims = (kill % 5) switch { 0 => [one], 1 => [api], 2 => [two], 3 => [api, one], _ => [one, two] };
            // Most kills hit processes at work, every fourth one what is still starting.
            if (kill % 4 != 3)
            {
                await Task.WhenAll(victims.Select(victim => victim.UntilReadyAsync(Patience)));
                var begun = ledger.Begun;
                await Wait.UntilAsync(() => Task.FromResult(ledger.Begun > begun), "calls begin", Patience);
            }

            for (var ticks = random.Next(0, 12); ticks > 0; ticks--)
                await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
            await Task.WhenAll(victims.Select(victim => victim.RestartAsync()));
        }
    }

    private static async Task AcceptAsync(FnUnderTest fn, string body, int atOnce, ConcurrentBag<string> accepted, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        while (!stop.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => AcceptAsync(fn, body, accepted)));
        }
    }

    private static async Task AcceptAsync(FnUnderTest fn, string body, ConcurrentBag<string> accepted)
    {
        try
        {
            using var response = await fn.InvokeAsync(body, ("Fn-Invoke-Type", "async"), ("Fn-Max-Retries", "25"), ("Fn-Retry-Delay", "0"));
            if ((int)response.StatusCode == 202)
                accepted.Add((await SharedApi.BodyAsync(response)).GetProperty("call_id").GetString()!);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException)
        {
            // The API was killed. What it did not accept is nobody's.
        }
    }

    // Calls that are not there, or that neither succeeded nor were repeated by one that did.
    private static Task<string> LostAsync(Place place, IEnumerable<string> accepted) => place.ScalarAsync<string>(
        """
        WITH RECURSIVE chain AS (
            SELECT a.id AS first, c.status, c.retry_at FROM unnest($1) AS a (id) LEFT JOIN call c ON c.id = a.id
            UNION ALL
            SELECT chain.first, c.status, c.retry_at FROM chain JOIN call c ON c.id = chain.retry_at)
        SELECT coalesce(string_agg(DISTINCT first || ' ' || coalesce(status, 'missing'), ', '), '') FROM chain
        WHERE first NOT IN (SELECT first FROM chain WHERE status = 'success')
        """, [accepted.ToArray()]);

    private static async Task<Dictionary<string, string>> OriginsAsync(Place place)
    {
        var origins = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var command = place.Source.CreateCommand("SELECT id, retry_of FROM call WHERE retry_of IS NOT NULL");
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            origins[reader.GetString(0)] = reader.GetString(1);
        return origins;
    }
}
