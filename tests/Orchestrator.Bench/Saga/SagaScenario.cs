using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Sagas.Messaging;
using RabbitMQ.Client;

namespace Orchestrator.Bench.Saga;

/// <summary>
/// Durable transitions of sagas that drive themselves, each transition caused by the one before, with 1, 2 and 4 workers,
/// against one-row commits of pgbench in the same run.
/// </summary>
public sealed class SagaScenario(TestStand stand, BenchOptions options, Report report)
{
    private const double Gate = 0.05;
    private const double Aim = 0.10;
    private const double StatementsAim = 6;
    private const int Legs = 10;
    private const int WarmUp = 300;

    private static readonly TimeSpan PgbenchLength = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await stand.Few.ExecuteAsync(JourneyContext.Schema, cancellationToken);
        await stand.Few.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", cancellationToken);
        var table = new Table(
            $"Saga: journeys of {Legs} transitions, {options.Rounds} rounds, medians", "transitions/s", "pgbench/s", "ratio", "CPU us: workers", "postgres", "rabbitmq", "statements");
        var figures = new JsonObject();
        var gates = new List<Gate>();
        foreach (var workers in (int[])[1, 2, 4])
        {
            var rounds = await MeasureAsync(workers, cancellationToken);
            var ratio = rounds.Select(round => round.PerSecond / round.Commits).Median();
            var statements = rounds.Select(round => round.Statements).Median();
            table.Add(
                $"{workers} workers",
                $"{rounds.Select(r => r.PerSecond).Median():N0}", $"{rounds.Select(r => r.Commits).Median():N0}", $"{ratio:0.000}",
                $"{rounds.Select(r => r.WorkerMicros).Median():N0}", $"{rounds.Select(r => r.PostgresMicros).Median():N0}", $"{rounds.Select(r => r.RabbitMqMicros).Median():N0}",
                $"{statements:0.0}");
            figures[$"{workers}"] = JsonSerializer.SerializeToNode(rounds);
            gates.Add(new Gate($"saga transitions / pgbench commits, {workers} workers", ratio, Gate, IsUpper: false, IsGate: true));
            gates.Add(new Gate($"saga transitions / pgbench commits, {workers} workers", ratio, Aim, IsUpper: false, IsGate: false));
            gates.Add(new Gate($"SQL statements per transition, {workers} workers", statements, StatementsAim, IsUpper: true, IsGate: false));
        }

        report.Add("saga", table, figures, gates);
    }

    private async Task<List<SagaRound>> MeasureAsync(int workers, CancellationToken cancellationToken)
    {
        var processes = new List<HostProcess>();
        try
        {
            for (var i = 0; i < workers; i++)
                processes.Add(await stand.StartSelfAsync(SagaWorker.Command, stand.Few, cancellationToken));
            foreach (var process in processes)
                await process.UntilAnswersAsync("/health/ready", cancellationToken);
            await RoundAsync(processes, WarmUp, commits: 1, cancellationToken);
            var rounds = new List<SagaRound>();
            for (var i = 1; i <= options.Rounds; i++)
            {
                var commits = await PgBench.CommitsPerSecondAsync(stand.Few, PgbenchLength, cancellationToken);
                var round = await RoundAsync(processes, options.Sagas, commits, cancellationToken);
                Report.Say($"{workers} workers, round {i}: {round.PerSecond,6:N0} transitions/s, {round.Commits,7:N0} commits/s, {round.Statements:0.0} statements");
                rounds.Add(round);
            }

            await SayStatementsAsync(cancellationToken);
            return rounds;
        }
        finally
        {
            foreach (var process in processes)
                await process.DisposeAsync();
        }
    }

    private async Task<SagaRound> RoundAsync(List<HostProcess> workers, int sagas, double commits, CancellationToken cancellationToken)
    {
        await stand.Few.ExecuteAsync("TRUNCATE bench_journey", cancellationToken);
        var statements = await StatementsAsync(cancellationToken);
        var cpu = Cpu(workers);
        var clock = Stopwatch.StartNew();
        await BeginAsync(sagas, cancellationToken);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await stand.Few.ScalarAsync<bool>("SELECT count(*) = $1 FROM bench_journey WHERE state = 'Arrived'", cancellationToken, (long)sagas))
            await pause.WaitForNextTickAsync(cancellationToken);
        var elapsed = clock.Elapsed;
        var transitions = sagas * Legs;
        var spent = Cpu(workers);
        var after = await StatementsAsync(cancellationToken);
        if (!await stand.Few.ScalarAsync<bool>($"SELECT bool_and(legs = {Legs}) FROM bench_journey", cancellationToken))
            throw new MeasurementException("A journey has not as many transitions as it was sent.");
        return new SagaRound(
            transitions / elapsed.TotalSeconds, commits, (double)(after - statements) / transitions,
            Micros(spent.Workers - cpu.Workers), Micros(spent.Postgres - cpu.Postgres), Micros(spent.RabbitMq - cpu.RabbitMq));

        double Micros(double seconds) => seconds * 1e6 / transitions;
    }

    private async Task BeginAsync(int sagas, CancellationToken cancellationToken)
    {
        await using var connection = await new ConnectionFactory { Uri = stand.Amqp }.CreateConnectionAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        var first = Enumerable.Range(0, sagas).Select(_ => Envelope.Event(new Go(Guid.CreateVersion7(), Legs - 1), DateTimeOffset.UnixEpoch));
        foreach (var chunk in first.Chunk(200))
        {
            await Task.WhenAll(chunk.Select(message => channel.BasicPublishAsync(
                message.Exchange, "", mandatory: true,
                new BasicProperties { MessageId = message.MessageId, ContentType = message.ContentType, DeliveryMode = DeliveryModes.Persistent },
                message.Body, cancellationToken).AsTask()));
        }
    }

    // Those of the look at the end and of the sweeps among them.
    private Task<long> StatementsAsync(CancellationToken cancellationToken) => stand.Few.ScalarAsync<long>(
        """
        SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%bench_row%' AND query NOT LIKE '%pg_stat_statements%'
        """,
        cancellationToken);

    private async Task SayStatementsAsync(CancellationToken cancellationToken)
    {
        var calls = await stand.Few.CountsAsync(
            """
            SELECT left(regexp_replace(query, '\s+', ' ', 'g'), 90) || ' #' || queryid, calls FROM pg_stat_statements
            WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY calls DESC LIMIT 14
            """,
            cancellationToken);
        foreach (var (query, count) in calls)
            Report.Say($"{count,8:N0} x {query}");
    }

    private (double Workers, double Postgres, double RabbitMq) Cpu(List<HostProcess> workers) =>
        (workers.Sum(worker => ProcessCpu.Of(worker.Pid)), ProcessCpu.Of(stand.PostgresPid), ProcessCpu.Of(stand.RabbitMqPid));
}

/// <summary>One round: per second, and per transition.</summary>
public sealed record SagaRound(double PerSecond, double Commits, double Statements, double WorkerMicros, double PostgresMicros, double RabbitMqMicros);
