using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Local.Run;
using Spectre.Console;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>Tells a person what this part of the demo did.</summary>
internal static class JobsReport
{
    private const int MostFaults = 20;

    public static void Print(RunConsole console, JobsResult result)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        table.AddColumn("Flavor");
        foreach (var title in (string[])["Jobs", "waiting", "running", "done", "Pressure", "Waited p50", "p95"])
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (var flavor in result.Flavors)
            AddRow(table, flavor.Name, Pressure(result, flavor.Name), [.. result.States.Where(state => state.Flavor == flavor.Name)]);
        AddRow(table, "[grey]no flavor[/]", "", [.. result.States.Where(state => state.Flavor is null)]);
        console.Blank();
        console.Console.Write(new Padder(table, new Padding(2, 0, 0, 0)));
        console.Blank();

        var times = result.Sender.Times.Order().ToList();
        if (times.Count > 0)
            console.Pair("Webhook", Invariant($"{times.Count} deliveries accepted, in {Percentile(times, 0.5).TotalMilliseconds:0} ms (p50), {Percentile(times, 0.99).TotalMilliseconds:0} ms (p99)"));
        PrintVerdict(console, result);
    }

    private static void PrintVerdict(RunConsole console, JobsResult result)
    {
        var faults = result.Faults;
        if (faults.Count == 0)
        {
            console.Success($"All {result.States.Count} rows are exactly what the deliveries in order would have given.");
            console.Success("The pressure of every flavor is its incomplete jobs, or its minimum.");
            return;
        }

        console.Failure($"{faults.Count} things are not as they should be:");
        foreach (var fault in faults.Take(MostFaults))
            console.Pair("", fault);
        if (faults.Count > MostFaults)
            console.Pair("", $"... and {faults.Count - MostFaults} more");
    }

    private static void AddRow(Table table, string name, string pressure, IReadOnlyList<JobState> jobs)
    {
        var waits = jobs.Select(Waited).OfType<TimeSpan>().Order().ToList();
        var done = jobs.Count(job => Has(job, "completed_at"));
        var running = jobs.Count(job => !Has(job, "completed_at") && Has(job, "started_at"));
        table.AddRow(
            name, jobs.Count.ToString(), (jobs.Count - done - running).ToString(), running.ToString(), done.ToString(), pressure,
            waits.Count == 0 ? "-" : Seconds(Percentile(waits, 0.5)), waits.Count == 0 ? "-" : Seconds(Percentile(waits, 0.95)));
    }

    private static string Pressure(JobsResult result, string flavor) =>
        $"{result.PressureBefore.GetValueOrDefault(flavor)} → [bold]{result.PressureAfter.GetValueOrDefault(flavor)}[/]";

    private static bool Has(JobState job, string time) => job.Actual?[time] is not null;

    private static TimeSpan? Waited(JobState job) =>
        Time(job.Actual?["started_at"]) - Time(job.Actual?["created_at"]);

    private static DateTimeOffset? Time(JsonNode? node) => node is null ? null : DateTimeOffset.Parse(node.ToString(), CultureInfo.InvariantCulture);

    private static TimeSpan Percentile(List<TimeSpan> sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];

    private static string Seconds(TimeSpan time) => Invariant($"{time.TotalSeconds:0} s");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
