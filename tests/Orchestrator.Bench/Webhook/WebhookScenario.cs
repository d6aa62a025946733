using System.Text.Json.Nodes;
using Npgsql;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Webhook;

/// <summary>POST /webhook → 200 at a steady pace, beside what HTTP and a commit cost by themselves on this machine.</summary>
public sealed class WebhookScenario(TestStand stand, BenchOptions options, Report report)
{
    private const double AimMilliseconds = 25;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    private readonly PacedLoad _load = new(options.Rate, TimeSpan.FromSeconds(options.Seconds));
    private readonly PacedLoad _warmUp = new(options.Rate, WarmUp);
    private readonly JsonObject _figures = [];
    private readonly Table _table = new($"Webhook: {options.Rate}/s for {options.Seconds} s, 10 KB, ms", "p50", "p95", "p99", "max");
    private long _nextId = 70_000_000_000;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using (var echo = await stand.StartSelfAsync(EchoServer.Command, stand.Many, cancellationToken))
        {
            await echo.UntilAnswersAsync("/health/ready", cancellationToken);
            Add("control: bare Kestrel", await PostAsync(echo, cancellationToken));
        }

        Add("control: INSERT and commit", await InsertAsync(cancellationToken));
        double apart, together;
        await using (await stand.StartHostAsync("Orchestrator.Workers", stand.Many, cancellationToken))
        await using (var api = await stand.StartHostAsync("Orchestrator.Api", stand.Many, cancellationToken, ("Host__Role", "api")))
            apart = Add("webhook, worker apart", await DeliverAsync(api, cancellationToken));
        await using (var all = await stand.StartHostAsync("Orchestrator.Api", stand.Many, cancellationToken, ("Host__Role", "all")))
            together = Add("webhook, one process", await DeliverAsync(all, cancellationToken));
        report.Add(
            "jobs-webhook", _table, _figures,
            new Gate("webhook p99 ms, worker apart", apart, AimMilliseconds, IsUpper: true, IsGate: false),
            new Gate("webhook p99 ms, one process", together, AimMilliseconds, IsUpper: true, IsGate: false));
    }

    /// <exception cref="MeasurementException">A delivery that was answered 200 is no row.</exception>
    private async Task<IReadOnlyList<double>> DeliverAsync(HostProcess host, CancellationToken cancellationToken)
    {
        var first = _nextId;
        var latencies = await PostAsync(host, cancellationToken);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var attempt = 0; attempt < 300; attempt++)
        {
            var rows = await stand.Many.ScalarAsync<long>(
                "SELECT count(*) FROM job WHERE platform = 'github' AND id >= $1 AND id < $2 AND assigned_flavor IS NOT NULL",
                cancellationToken, $"{first}", $"{_nextId}");
            if (rows == _nextId - first)
                return latencies;
            await pause.WaitForNextTickAsync(cancellationToken);
        }

        throw new MeasurementException("Not every delivery that was answered 200 became a row.");
    }

    private async Task<IReadOnlyList<double>> PostAsync(HostProcess host, CancellationToken cancellationToken)
    {
        await _warmUp.RunAsync(Sender(_warmUp.Requests), cancellationToken);
        return await _load.RunAsync(Sender(_load.Requests), cancellationToken);

        Func<int, Task> Sender(int requests)
        {
            var deliveries = Enumerable.Range(0, requests).Select(_ => SignedDelivery.Create(_nextId++)).ToArray();
            GC.Collect();
            return async number =>
            {
                using var request = deliveries[number].Request();
                using var response = await host.Client.SendAsync(request, cancellationToken);
                if (!response.IsSuccessStatusCode)
                    throw new MeasurementException($"The webhook answered {(int)response.StatusCode}.");
            };
        }
    }

    private async Task<IReadOnlyList<double>> InsertAsync(CancellationToken cancellationToken)
    {
        await stand.Many.ExecuteAsync("CREATE TABLE bench_insert (id uuid PRIMARY KEY, body bytea NOT NULL)", cancellationToken);
        var body = SignedDelivery.Create(1).Body;
        await _warmUp.RunAsync(_ => SendAsync(), cancellationToken);
        var latencies = await _load.RunAsync(_ => SendAsync(), cancellationToken);
        await stand.Many.ExecuteAsync("DROP TABLE bench_insert", cancellationToken);
        return latencies;

        async Task SendAsync()
        {
            await using var command = stand.Many.Source.CreateCommand("INSERT INTO bench_insert VALUES ($1, $2)");
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.CreateVersion7() });
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = body });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private double Add(string name, IReadOnlyList<double> latencies)
    {
        var p99 = latencies.Percentile(99);
        _table.Add(name, $"{latencies.Median():0.00}", $"{latencies.Percentile(95):0.00}", $"{p99:0.00}", $"{latencies.Max():0.00}");
        _figures[name] = new JsonObject
        {
            ["requests"] = latencies.Count,
            ["p50"] = latencies.Median(),
            ["p95"] = latencies.Percentile(95),
            ["p99"] = p99,
            ["max"] = latencies.Max(),
        };
        Report.Say($"{name}: p99 {p99:0.00} ms");
        return p99;
    }
}
