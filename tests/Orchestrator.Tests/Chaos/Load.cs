using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Chaos;

/// <summary>
/// Commands from one process and the ledger of events in another, both apart from the processes under test
/// (<c>tests/Orchestrator.Ledger</c>).
/// </summary>
public sealed class Load : IAsyncDisposable
{
    public const int CommandsPerSecond = 200;

    private readonly ChildProcess _ledger;
    private readonly ChildProcess _generator;
    private readonly string _journalFile;
    private readonly string _ledgerFile;

    private Load(ChildProcess ledger, ChildProcess generator, string ledgerFile, string journalFile) =>
        (_ledger, _generator, _ledgerFile, _journalFile) = (ledger, generator, ledgerFile, journalFile);

    /// <summary>Starts the ledger, then the commands.</summary>
    /// <param name="place">Where the processes under test are; they have declared their queues.</param>
    /// <param name="api">Where deliveries go to.</param>
    /// <param name="rate">Commands a second.</param>
    public static async Task<Load> StartAsync(Place place, Uri api, int rate = CommandsPerSecond)
    {
        await place.ExecuteAsync("""
            INSERT INTO flavor (platform, name, labels)
            SELECT platform, name, '{large}' FROM unnest('{github,gitlab}'::text[]) platform, unnest('{one,two}'::text[]) name
            """);
        var logs = Directory.CreateDirectory(Checkout.RunDirectory("test", "logs")).FullName;
        var name = Path.Combine(logs, $"chaos-{Guid.CreateVersion7():N}");
        var (ledgerFile, journalFile) = ($"{name}.ledger", $"{name}.journal");
        var ledger = await ChildProcess.StartAsync(Start($"{name}.log", "ledger", place.Amqp.AbsoluteUri, ledgerFile));
        await Wait.UntilAsync(() => Task.FromResult(Lines(ledgerFile).Any()), "the ledger is listening");
        var generator = await ChildProcess.StartAsync(Start(
            $"{name}.log", "generate", place.Amqp.AbsoluteUri, api.AbsoluteUri, journalFile, rate.ToString(CultureInfo.InvariantCulture)));
        await Wait.UntilAsync(() => Task.FromResult(Lines(journalFile).Any(line => line.StartsWith("acknowledged", StringComparison.Ordinal))), "acknowledged");
        return new Load(ledger, generator, ledgerFile, journalFile);
    }

    /// <summary>Commands acknowledged so far.</summary>
    public int Acknowledged => Lines(_journalFile).Count(line => line.StartsWith("acknowledged", StringComparison.Ordinal));

    /// <summary>No more new commands; returns when all are acknowledged.</summary>
    public async Task StopAsync()
    {
        _generator.Kill(Signal.Terminate);
        if (!await _generator.WaitForExitAsync(TimeSpan.FromMinutes(2)) || await _generator.Exit != 0)
            throw new InvalidOperationException("Some commands were not acknowledged within two minutes.");
    }

    /// <summary>Waits until every acknowledged command has its event, or no more come, and gives the verdict.</summary>
    public async Task<Verdict> CheckAsync(Place place, TimeSpan patience)
    {
        // Connections from before a restart of the server are of no use.
        place.Source.Clear();
        var clock = Stopwatch.StartNew();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (true)
        {
            var stuck = await StuckAsync(place);
            var verdict = Verdict.Of([.. Lines(_journalFile)], [.. Lines(_ledgerFile)]) with { Stuck = stuck.Values.Sum(), StuckWhere = stuck };
            if (clock.Elapsed > patience || (verdict is { Lost: 0, Stuck: 0 } && await IsDrainedAsync(place)))
                return verdict with { DrainSeconds = Math.Round(clock.Elapsed.TotalSeconds, 1), Duplicated = Math.Max(verdict.Duplicated, await DoubledAsync(place)) };
            await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _generator.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    // Rows whose state is not what the acknowledged commands come to, and messages that are still somewhere.
    private async Task<Dictionary<string, long>> StuckAsync(Place place)
    {
        var acknowledged = Lines(_journalFile).Select(line => line.Split('\t')).Where(fields => fields[0] == "acknowledged")
            .Select(fields => (Kind: fields[1], Job: fields[2])).ToList();
        string[] Of(string kind) => [.. acknowledged.Where(command => command.Kind == kind).Select(command => command.Job)];
        const string expected = "job FULL JOIN unnest($1) AS announced (key) ON key = platform || '/' || id";
        await using var command = place.Source.CreateCommand(
            $"""
            SELECT 'outbox', (SELECT count(*) FROM outbox)
            UNION ALL SELECT 'dead letters: ' || (SELECT coalesce(min(reason), '') FROM dead_letter), (SELECT count(*) FROM dead_letter)
            UNION ALL SELECT 'job missing', (SELECT count(*) FROM {expected} WHERE platform IS NULL)
            UNION ALL SELECT 'job unknown: ' || coalesce((SELECT min(job::text) FROM {expected} WHERE key IS NULL), ''), (SELECT count(*) FROM {expected} WHERE key IS NULL)
            UNION ALL SELECT 'job started', (SELECT count(*) FROM job WHERE (started_at IS NOT NULL) <> (platform || '/' || id = ANY ($2)))
            UNION ALL SELECT 'job completed', (SELECT count(*) FROM job WHERE (completed_at IS NOT NULL) <> (platform || '/' || id = ANY ($3)))
            UNION ALL SELECT 'job assigned', (SELECT count(*) FROM job WHERE (assigned_flavor IS NOT NULL) <> (labels = ARRAY['large']))
            UNION ALL SELECT 'pressure', (SELECT count(*) FROM flavor_pressure p WHERE incomplete <>
                (SELECT count(*) FROM job j WHERE j.platform = p.platform AND assigned_flavor = name AND completed_at IS NULL))
            """);
        foreach (var kind in (string[])["enqueue", "start", "complete"])
            command.Parameters.Add(new NpgsqlParameter { Value = Of(kind) });
        var stuck = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            if (reader.GetInt64(1) > 0)
                stuck[reader.GetString(0)] = reader.GetInt64(1);
        }

        return stuck;
    }

    private static Task<long> DoubledAsync(Place place) => place.ScalarAsync<long>(
        "SELECT count(*) FROM (SELECT FROM resource_event WHERE kind = 'job' GROUP BY key, replace(what, 'unmatched', 'assigned') HAVING count(*) > 1) twice");

    private static async Task<bool> IsDrainedAsync(Place place)
    {
        await using var connection = await new ConnectionFactory { Uri = place.Amqp }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        foreach (var queue in (string[])["enqueue-job", "start-job", "complete-job", "github-workflow-job", "ledger"])
        {
            if (await channel.MessageCountAsync(queue is "ledger" ? queue : $"orchestrator-{queue}") > 0)
                return false;
        }

        return true;
    }

    private static ChildStart Start(string log, params string[] arguments) => new()
    {
        FileName = Binaries.Require("dotnet"),
        Arguments = [Checkout.Host("Orchestrator.Ledger"), .. arguments],
        LogFile = log,
    };

    private static IEnumerable<string> Lines(string file)
    {
        if (!File.Exists(file))
            yield break;
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            // The last line may be half written.
            if (!reader.EndOfStream || line.Split('\t').Length == 4)
                yield return line;
        }
    }
}
