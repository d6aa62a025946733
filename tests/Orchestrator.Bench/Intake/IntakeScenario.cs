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
    private const int LeastWarmUp = 20_000;

    private readonly Dictionary<string, long> _expected = new(StringComparer.Ordinal);
    private int _round;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var publisher = await ConfirmedPublisher.ConnectAsync(stand.Amqp, cancellationToken);
        await RawConsumer.DeclareAsync(publisher.Channel, cancellationToken);
        await using var rawConsumer = await stand.StartSelfAsync(RawConsumer.Command, stand.Many, cancellationToken);
        await using var worker = await stand.StartHostAsync("Orchestrator.Workers", stand.Many, cancellationToken);
        var raw = new IntakePath("raw", RawConsumer.Exchange, rawConsumer.Pid, HasInbox: false);
        var ours = new IntakePath("ours", "orchestrator.jobs.enqueue-job", worker.Pid, HasInbox: true);
        foreach (var (flavor, count) in await IncompleteAsync(cancellationToken))
            _expected[flavor] = count;

        var meter = new IntakeMeter(stand, publisher, options.Form);
        var dose = options.Messages / options.Rounds;
        foreach (var path in (IntakePath[])[raw, ours])
            await MeasureAsync(meter, path, Math.Max(dose / 2, LeastWarmUp), "warm-up", cancellationToken);
        var rounds = new Dictionary<string, List<IntakeRound>>(StringComparer.Ordinal) { ["raw"] = [], ["ours"] = [] };
        for (var i = 1; i <= options.Rounds; i++)
        {
            foreach (var path in (IntakePath[])[raw, ours])
                rounds[path.Name].Add(await MeasureAsync(meter, path, dose, $"round {i}", cancellationToken));
        }

        Publish(rounds["raw"], rounds["ours"]);
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

    private void Publish(List<IntakeRound> raw, List<IntakeRound> ours)
    {
        var rowsRatio = ours.Select(round => round.RowsPerSecond).Median() / raw.Select(round => round.RowsPerSecond).Median();
        var doneRatio = ours.Select(round => round.DonePerSecond).Median() / raw.Select(round => round.DonePerSecond).Median();
        var table = new Table($"Intake: {options.Messages:N0} messages each, {options.Rounds} rounds, medians", "raw", "ours", "ratio");
        Add("messages/s until rows are in", round => round.RowsPerSecond);
        Add("messages/s until the outbox is empty", round => round.DonePerSecond);
        Add("messages/s confirmed to the publisher", round => round.Messages / round.Confirmed.TotalSeconds);
        Add("CPU us/message: publisher", round => round.Micros(cpu => cpu.Publisher));
        Add("CPU us/message: consumer", round => round.Micros(cpu => cpu.Consumer));
        Add("CPU us/message: postgres", round => round.Micros(cpu => cpu.Postgres));
        Add("CPU us/message: rabbitmq", round => round.Micros(cpu => cpu.RabbitMq));
        Add("CPU us/message: all", round => round.Micros(cpu => cpu.Total));
        report.Add(
            "jobs-intake",
            table,
            new JsonObject { ["raw"] = JsonSerializer.SerializeToNode(raw), ["ours"] = JsonSerializer.SerializeToNode(ours) },
            new Gate("intake until rows are in, ours / raw", rowsRatio, Gate, IsUpper: false, IsGate: true),
            new Gate("intake until the outbox is empty, ours / raw", doneRatio, Gate, IsUpper: false, IsGate: true),
            new Gate("intake until the outbox is empty, ours / raw", doneRatio, Aim, IsUpper: false, IsGate: false));

        void Add(string name, Func<IntakeRound, double> figure)
        {
            var (mark, own) = (raw.Select(figure).Median(), ours.Select(figure).Median());
            table.Add(name, $"{mark:N0}", $"{own:N0}", $"{own / mark:0.00}");
        }
    }
}
