using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Chaos;

/// <summary>What a run came to, in Jepsen's words; an effect is an event that another process saw.</summary>
public sealed record Verdict
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public string Run { get; init; } = "";

    /// <summary>Commands sent at least once.</summary>
    public int Attempted { get; init; }

    /// <summary>Commands that were confirmed, or answered 200.</summary>
    public int Acknowledged { get; init; }

    /// <summary>Commands with their event.</summary>
    public int Effected { get; init; }

    /// <summary>Acknowledged, but without effect.</summary>
    public long Lost { get; init; }

    /// <summary>Commands with two events of different message ids.</summary>
    public long Duplicated { get; init; }

    /// <summary>Events that no command caused.</summary>
    public long Unexpected { get; init; }

    /// <summary>Not acknowledged, and yet effected.</summary>
    public long Recovered { get; init; }

    /// <summary>Rows, counters and messages that are not where they end.</summary>
    public long Stuck { get; init; }

    /// <summary>The parts of <see cref="Stuck"/> that are not zero.</summary>
    public IReadOnlyDictionary<string, long>? StuckWhere { get; init; }

    /// <summary>Repeats of a message id that the ledger dropped.</summary>
    public int Repeats { get; init; }

    /// <summary>From the first attempt of a command to its event.</summary>
    public double P50Ms { get; init; }

    /// <inheritdoc cref="P50Ms"/>
    public double P99Ms { get; init; }

    /// <summary>The longest time without any event while commands were sent.</summary>
    public double MaxOutageMs { get; init; }

    /// <summary>From the last acknowledgement until nothing was left to do.</summary>
    public double DrainSeconds { get; init; }

    /// <summary>The longest time from a server that accepts connections to hosts that are ready.</summary>
    public double? ReadyAfterSeconds { get; init; }

    /// <summary>What was done to the system meanwhile.</summary>
    public IReadOnlyDictionary<string, int>? Disturbances { get; init; }

    public bool Holds => Lost == 0 && Duplicated == 0 && Unexpected == 0 && Stuck == 0;

    /// <summary>One line for whoever reads the run's output, and in <c>.run/test/chaos.jsonl</c>.</summary>
    public async Task ReportAsync()
    {
        await Console.Out.WriteLineAsync(ToString());
        await File.AppendAllTextAsync(Checkout.RunDirectory("test", "chaos.jsonl"), $"{ToString()}\n");
    }

    public override string ToString() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads the generator's journal and the ledger.</summary>
    internal static Verdict Of(List<string> journal, List<string> ledger)
    {
        var attempted = Times(journal, "attempted");
        var acknowledged = Times(journal, "acknowledged");
        var events = ledger.Select(line => line.Split('\t')).Where(fields => fields[0] is not "listening")
            .Select(fields => (Command: $"{KindOf(fields[0])} {fields[2]}", MessageId: fields[1], At: Time(fields[3]))).ToList();
        var distinct = events.DistinctBy(e => e.MessageId).ToList();
        var effects = distinct.GroupBy(e => e.Command, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
        var latencies = effects.Where(e => attempted.ContainsKey(e.Key)).Select(e => Ms(attempted[e.Key], e.Value.Min(v => v.At))).Order().ToList();
        var end = attempted.Count == 0 ? 0 : attempted.Values.Max();
        var begin = attempted.Count == 0 ? 0 : attempted.Values.Min();
        var times = events.Select(e => e.At).Where(at => at <= end).Append(begin).Append(end).Order().ToList();
        return new Verdict
        {
            Attempted = attempted.Count,
            Acknowledged = acknowledged.Count,
            Effected = effects.Keys.Count(attempted.ContainsKey),
            Lost = acknowledged.Keys.Count(command => !effects.ContainsKey(command)),
            Duplicated = effects.Values.Count(e => e.Count > 1),
            Unexpected = effects.Keys.Count(command => !attempted.ContainsKey(command)),
            Recovered = effects.Keys.Count(command => attempted.ContainsKey(command) && !acknowledged.ContainsKey(command)),
            Repeats = events.Count - distinct.Count,
            P50Ms = At(latencies, 0.5),
            P99Ms = At(latencies, 0.99),
            MaxOutageMs = Math.Round(times.Zip(times.Skip(1), Ms).DefaultIfEmpty().Max(), 1),
        };
    }

    private static string KindOf(string eventName) => eventName switch
    {
        "job-assigned" or "job-unmatched" => "enqueue",
        "job-started" => "start",
        "job-completed" => "complete",
        _ => eventName,
    };

    private static Dictionary<string, long> Times(List<string> journal, string what) => journal.Select(line => line.Split('\t'))
        .Where(fields => fields[0] == what).ToDictionary(fields => $"{fields[1]} {fields[2]}", fields => Time(fields[3]), StringComparer.Ordinal);

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? 0 : Math.Round(sorted[(int)(share * (sorted.Count - 1))], 1);

    private static long Time(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static double Ms(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;
}
