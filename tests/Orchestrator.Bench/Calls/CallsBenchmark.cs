using System.Diagnostics;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Calls;

/// <summary>
/// Functions: a hot synchronous call against the function's own socket, in one process and across the bus; asynchronous calls,
/// accepted and executed, against the jobs of queue servers that do nothing; a cold start against that of a bare process.
/// </summary>
public sealed class CallsBenchmark : IAsyncDisposable
{
    public const string Usage = """
        usage: ./bench calls [OPTIONS]
          --quick       a small dose: 3 seconds, 3,000 jobs, 1 round
          --seconds N   length of each block of synchronous calls   (10)
          --jobs N      asynchronous calls, and jobs of the peers   (10000)
          --rounds N    rounds, alternating                         (3)
          --only NAME   sync, async or cold
          --set KEY=VALUE   a setting of our hosts
        """;

    private readonly PrivatePostgres _postgres = new(Checkout.RunDirectory("bench", "postgres"));
    private readonly PrivateRabbitMq _rabbitMq = new(Checkout.RunDirectory("bench", "rabbitmq"));
    private readonly List<(string Key, string Value)> _settings = [];
    private int _seconds = 10;
    private int _jobs = 10_000;
    private int _rounds = 3;
    private string? _only;

    private CallsBenchmark()
    {
    }

    /// <summary>Runs what the arguments after <c>calls</c> ask for; 2 when they cannot be read.</summary>
    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        await using var benchmark = new CallsBenchmark();
        if (!benchmark.TryParse(args))
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        Clear();
        try
        {
            await Task.WhenAll(benchmark._postgres.StartAsync(cancellationToken), benchmark._rabbitMq.StartAsync(cancellationToken));
            await benchmark.MeasureAsync(cancellationToken);
            return 0;
        }
        catch (Exception exception) when (exception is MeasurementException or ServerStartException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _rabbitMq.DisposeAsync();
        await _postgres.DisposeAsync();
        Clear();
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var functions = await BenchFunctions.PrepareAsync(cancellationToken);
        _settings.AddRange(functions.Settings);
        if (_only is null or "sync")
            await SyncAsync(functions, cancellationToken);
        if (_only is null or "cold")
            await ColdAsync(functions, cancellationToken);
        if (_only is null or "async")
            await AsyncAsync(cancellationToken);
    }

    private async Task SyncAsync(BenchFunctions functions, CancellationToken cancellationToken)
    {
        var paths = new Dictionary<string, Dictionary<int, List<Block>>>(StringComparer.Ordinal) { ["socket"] = [], ["one process"] = [], ["across the bus"] = [] };
        await using (var bare = await BareFunction.StartAsync(functions, cancellationToken))
            await RoundsAsync(paths["socket"], bare.Client, "http://localhost/call", cancellationToken);
        await using (var host = await FunctionHosts.StartAsync(this, workers: 0, cancellationToken))
            await RoundsAsync(paths["one process"], host.Client, host.InvokeUrl, cancellationToken);
        await using (var host = await FunctionHosts.StartAsync(this, workers: 1, cancellationToken))
            await RoundsAsync(paths["across the bus"], host.Client, host.InvokeUrl, cancellationToken);

        var table = new Table("hot synchronous calls", "calls/s", "p50 ms", "p99 ms", "p50 : socket");
        var figures = new JsonObject();
        foreach (var concurrency in (int[])[1, 16])
        {
            var socket = paths["socket"][concurrency].Select(block => block.P50).Median();
            foreach (var (name, blocks) in paths)
            {
                var (rate, p50, p99) = (blocks[concurrency].Select(b => b.Rate).Median(), blocks[concurrency].Select(b => b.P50).Median(), blocks[concurrency].Select(b => b.P99).Median());
                table.Add($"{name}, {concurrency} at once", $"{rate:N0}", $"{p50:0.00}", $"{p99:0.00}", $"{p50 / socket:0.0}");
                figures[$"{name} {concurrency}"] = new JsonObject { ["rate"] = rate, ["p50"] = p50, ["p99"] = p99 };
            }
        }

        Console.WriteLine();
        Console.WriteLine(table);
        Keep("calls-sync", figures);
    }

    private async Task RoundsAsync(Dictionary<int, List<Block>> blocks, HttpClient client, string url, CancellationToken cancellationToken)
    {
        await Block.MeasureAsync(client, url, 16, TimeSpan.FromSeconds(Math.Min(3, _seconds)), cancellationToken);
        foreach (var concurrency in (int[])[1, 16])
        {
            blocks[concurrency] = [];
            for (var round = 0; round < _rounds; round++)
                blocks[concurrency].Add(await Block.MeasureAsync(client, url, concurrency, TimeSpan.FromSeconds(_seconds), cancellationToken));
        }
    }

    private async Task ColdAsync(BenchFunctions functions, CancellationToken cancellationToken)
    {
        var (bare, ours) = (new List<double>(), new List<double>());
        for (var i = 0; i < 10 * _rounds; i++)
        {
            var clock = Stopwatch.StartNew();
            await using (await BareFunction.StartAsync(functions, cancellationToken))
                bare.Add(clock.Elapsed.TotalMilliseconds);
        }

        await using (var host = await FunctionHosts.StartAsync(this, workers: 0, cancellationToken))
        {
            for (var i = 0; i < 10 * _rounds; i++)
            {
                var url = await host.DeployAsync($"cold-{i}", cancellationToken);
                var clock = Stopwatch.StartNew();
                await Block.PostAsync(host.Client, url, cancellationToken);
                ours.Add(clock.Elapsed.TotalMilliseconds);
            }
        }

        var table = new Table("cold start, median ms", "bare process until its socket", "first call of a fn", "ratio");
        table.Add("node FDK", $"{bare.Median():0}", $"{ours.Median():0}", $"{ours.Median() / bare.Median():0.00}");
        Console.WriteLine();
        Console.WriteLine(table);
        Keep("calls-cold", new JsonObject { ["bare"] = bare.Median(), ["ours"] = ours.Median() });
    }

    private async Task AsyncAsync(CancellationToken cancellationToken)
    {
        var rates = new Dictionary<string, List<double>>(StringComparer.Ordinal) { ["calls accepted and executed"] = [], ["celery"] = [], ["graphile-worker"] = [] };
        var peers = await QueuePeers.PrepareAsync(_postgres, _rabbitMq, cancellationToken);
        for (var round = 0; round < _rounds; round++)
        {
            await using (var host = await FunctionHosts.StartAsync(this, workers: 0, cancellationToken))
            {
                await host.AcceptAndExecuteAsync(Math.Max(500, _jobs / 5), cancellationToken);
                rates["calls accepted and executed"].Add(await host.AcceptAndExecuteAsync(_jobs, cancellationToken));
            }

            if (await peers.CeleryAsync(_jobs, cancellationToken) is { } celery)
                rates["celery"].Add(celery);
            if (await peers.GraphileAsync(_jobs, cancellationToken) is { } graphile)
                rates["graphile-worker"].Add(graphile);
        }

        var table = new Table("asynchronous", "per second", "ours : it");
        var figures = new JsonObject();
        var ours = rates["calls accepted and executed"].Median();
        foreach (var (name, values) in rates)
        {
            table.Add(name, values.Count == 0 ? "not installed" : $"{values.Median():N0}", values.Count == 0 ? "" : $"{ours / values.Median():0.00}");
            figures[name] = values.Count == 0 ? null : values.Median();
        }

        Console.WriteLine();
        Console.WriteLine(table);
        Keep("calls-async", figures);
    }

    /// <summary>A database and a virtual host that nobody has used yet.</summary>
    internal async Task<(Database Database, Uri Amqp)> PlaceAsync(string name, CancellationToken cancellationToken)
    {
        var unique = $"{name}{Guid.CreateVersion7():N}";
        await _postgres.CreateDatabaseAsync(unique, cancellationToken);
        await _rabbitMq.CreateVhostAsync(unique, cancellationToken);
        return (new Database(_postgres.ConnectionString(unique)), _rabbitMq.AmqpUri(unique));
    }

    internal IEnumerable<(string Key, string Value)> Settings => _settings;

    internal int PostgresPid => _postgres.Process!.Pid;

    internal int RabbitMqPid => _rabbitMq.Process!.Pid;

    private bool TryParse(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] is "--quick")
            {
                (_seconds, _jobs, _rounds) = (3, 3_000, 1);
                continue;
            }

            if (i + 1 >= args.Length)
                return false;
            var value = args[++i];
            var isNumber = int.TryParse(value, out var number) && number > 0;
            switch (args[i - 1])
            {
                case "--seconds" when isNumber: _seconds = number; break;
                case "--jobs" when isNumber: _jobs = number; break;
                case "--rounds" when isNumber: _rounds = number; break;
                case "--only" when value is "sync" or "async" or "cold": _only = value; break;
                case "--set" when value.Split('=', 2) is [var key, var setting]: _settings.Add((key, setting)); break;
                default: return false;
            }
        }

        return true;
    }

    private static void Keep(string scenario, JsonObject figures)
    {
        var line = new JsonObject { ["scenario"] = scenario, ["at"] = TimeProvider.System.GetUtcNow().ToString("O"), ["cores"] = Environment.ProcessorCount, ["figures"] = figures };
        Directory.CreateDirectory(Checkout.RunDirectory("bench"));
        File.AppendAllText(Checkout.RunDirectory("bench", "results.jsonl"), line.ToJsonString() + "\n");
    }

    private static void Clear()
    {
        if (Directory.Exists(Checkout.RunDirectory("bench", "postgres")))
            PrivatePostgres.Delete(Checkout.RunDirectory("bench", "postgres"));
        if (Directory.Exists(Checkout.RunDirectory("bench", "rabbitmq")))
            PrivateRabbitMq.Delete(Checkout.RunDirectory("bench", "rabbitmq"));
    }
}
