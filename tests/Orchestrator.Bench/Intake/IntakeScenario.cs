using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Intake;

/// <summary>EnqueueJob → row, assigned and counted, against the raw path in the same run: alternating rounds, medians.</summary>
public sealed class IntakeScenario(TestStand stand, BenchOptions options, Report report)
{
    private const double Gate = 0.25;
    private const double Aim = 0.5;
    private const string Exchange = "orchestrator.jobs.enqueue-job";
    private const int LeastWarmUp = 20_000;

    private readonly Dictionary<string, long> _expected = new(StringComparer.Ordinal);
    private int _round;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var publisher = await ConfirmedPublisher.ConnectAsync(stand.Amqp, cancellationToken);
        await RawConsumer.DeclareAsync(publisher.Channel, cancellationToken);
        await using var rawConsumer = await stand.StartSelfAsync(RawConsumer.Command, stand.Many, cancellationToken);
        await using var worker = await stand.StartHostAsync("Orchestrator.Workers", stand.Many, cancellationToken);
        await using var otherPublisher = options.HasOther ? await ConfirmedPublisher.ConnectAsync(stand.OtherAmqp, cancellationToken) : null;
        await using var otherWorker = options.HasOther ? await stand.StartOtherWorkerAsync(stand.Many, cancellationToken) : null;
        var raw = new IntakePath("raw", publisher, RawConsumer.Exchange, rawConsumer.Pid);
        var ours = new IntakePath("ours", publisher, Exchange, worker.Pid);
        var other = otherWorker is null ? null : new IntakePath("other", otherPublisher!, Exchange, otherWorker.Pid);
        foreach (var (flavor, count) in await IncompleteAsync(cancellationToken))
            _expected[flavor] = count;

        IntakePath[] paths = other is null ? [raw, ours] : [raw, ours, other];
        var meter = new IntakeMeter(stand, options.Form);
        var dose = options.Messages / options.Rounds;
        foreach (var path in paths)
            await MeasureAsync(meter, path, Math.Max(dose / 2, LeastWarmUp), "warm-up", cancellationToken);
        for (var i = 1; i <= options.Rounds; i++)
        {
            foreach (var path in paths)
                path.Rounds.Add(await MeasureAsync(meter, path, dose, $"round {i}", cancellationToken));
        }

        Publish(raw, ours, other);
    }

    private async Task<IntakeRound> MeasureAsync(
        IntakeMeter meter, IntakePath path, int messages, string what, CancellationToken cancellationToken)
    {
        var number = _round++;
        var round = await meter.MeasureAsync(path, number, messages, _expected.Values.Sum(), cancellationToken);
        await DemandExactAsync(path, number, messages, cancellationToken);
        Report.Say($"{what,-8} {path.Name,-4} {round.RowsPerSecond,8:N0}/s until rows are in, {round.DonePerSecond,8:N0}/s until the outbox is empty");
        return round;
    }

    /// <exception cref="MeasurementException">A row is lost, doubled, on the wrong flavor or not counted.</exception>
    private async Task DemandExactAsync(IntakePath path, int round, int messages, CancellationToken cancellationToken)
    {
        var wanted = Enumerable.Range(0, messages).CountBy(number => JobKind.Of(number).Flavor).ToDictionary(pair => pair.Key, pair => (long)pair.Value, StringComparer.Ordinal);
        var stored = await stand.Many.CountsAsync(
            "SELECT coalesce(assigned_flavor, ''), count(*) FROM job WHERE platform = $1 AND id BETWEEN $2 AND $3 GROUP BY 1",
            cancellationToken, JobKind.Platform, Command.Id(round, 0), Command.Id(round, messages - 1));
        Demand(Same(stored, wanted), $"{path.Name}: the rows of round {round} are not what was sent");
        foreach (var (flavor, count) in wanted)
            _expected[flavor] += count;
        Demand(Same(await IncompleteAsync(cancellationToken), _expected), $"{path.Name}: the counters differ after round {round}");
        var letters = await stand.Many.ScalarAsync<long>("SELECT count(*) FROM dead_letter", cancellationToken);
        Demand(letters == 0, $"{path.Name}: {letters} dead letters");
    }

    private Task<Dictionary<string, long>> IncompleteAsync(CancellationToken cancellationToken) =>
        stand.Many.CountsAsync("SELECT name, incomplete FROM flavor_pressure", cancellationToken);

    private static bool Same(Dictionary<string, long> one, Dictionary<string, long> other) =>
        one.Count == other.Count && one.All(pair => other.GetValueOrDefault(pair.Key) == pair.Value);

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
            throw new MeasurementException(otherwise);
    }

    private void Publish(IntakePath raw, IntakePath ours, IntakePath? other)
    {
        var rowsRatio = ours.Median(round => round.RowsPerSecond) / raw.Median(round => round.RowsPerSecond);
        var doneRatio = ours.Median(round => round.DonePerSecond) / raw.Median(round => round.DonePerSecond);
        var table = new Table(
            $"Intake: {options.Messages:N0} messages each, {options.Rounds} rounds, medians",
            other is null ? ["raw", "ours", "ours/raw"] : ["raw", "ours", "ours/raw", "other", "other/ours"]);
        Add("messages/s until rows are in", round => round.RowsPerSecond);
        Add("messages/s until the outbox is empty", round => round.DonePerSecond);
        Add("messages/s confirmed to the publisher", round => round.Messages / round.Confirmed.TotalSeconds);
        Add("CPU us/message: publisher", round => round.Micros(cpu => cpu.Publisher));
        Add("CPU us/message: consumer", round => round.Micros(cpu => cpu.Consumer));
        Add("CPU us/message: postgres", round => round.Micros(cpu => cpu.Postgres));
        Add("CPU us/message: rabbitmq", round => round.Micros(cpu => cpu.RabbitMq));
        Add("CPU us/message: all", round => round.Micros(cpu => cpu.Total));
        var figures = new JsonObject();
        foreach (var path in other is null ? [raw, ours] : (IntakePath[])[raw, ours, other])
            figures[path.Name] = JsonSerializer.SerializeToNode(path.Rounds);
        report.Add(
            "jobs-intake", table, figures,
            new Gate("intake until rows are in, ours / raw", rowsRatio, Gate, IsUpper: false, IsGate: true),
            new Gate("intake until the outbox is empty, ours / raw", doneRatio, Gate, IsUpper: false, IsGate: true),
            new Gate("intake until the outbox is empty, ours / raw", doneRatio, Aim, IsUpper: false, IsGate: false));

        void Add(string name, Func<IntakeRound, double> figure)
        {
            var (mark, own, second) = (raw.Median(figure), ours.Median(figure), other?.Median(figure) ?? 0);
            table.Add(name, $"{mark:N0}", $"{own:N0}", $"{own / mark:0.00}", $"{second:N0}", $"{second / own:0.00}");
        }
    }
}
