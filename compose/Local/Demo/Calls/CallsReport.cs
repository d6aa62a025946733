using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Local.Run;
using Spectre.Console;

namespace Orchestrator.Local.Demo.Calls;

/// <summary>Tells a person what became of each call, and keeps what is not as it must be.</summary>
internal sealed class CallsReport(RunConsole console)
{
    private readonly List<(string What, JsonNode Call)> _calls = [];
    private readonly List<string> _faults = [];

    /// <summary>Notes a call that has ended, and how it must have.</summary>
    public void Expect(string what, JsonNode call, string status, string? result = null)
    {
        _calls.Add((what, call));
        Demand(call["status"]!.ToString() == status, $"{what}: {call["status"]} instead of {status} {call["error"]}");
        if (result is not null)
            Demand(call["result"]?.ToString().Contains(result, StringComparison.Ordinal) is true, $"{what}: the answer is {call["result"]}");
    }

    public void Demand(bool holds, string fault)
    {
        if (!holds)
            _faults.Add(fault);
    }

    /// <summary>The time from one state of a call to another; zero when it was not in both.</summary>
    public static TimeSpan Between(JsonNode call, string from, string to) =>
        Time(call, to) - Time(call, from) ?? TimeSpan.Zero;

    /// <summary>Each call with its states and when it came to them.</summary>
    public void Print()
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        table.AddColumn("Call");
        table.AddColumn("Type");
        foreach (var title in (string[])["created", "queued", "running", "ended"])
            table.AddColumn(new TableColumn(title).RightAligned());
        table.AddColumn("Status");
        foreach (var (what, call) in _calls)
        {
            table.AddRow(
                Markup.Escape(what), call["type"]!.ToString(), Clock(call), Since(call, "queued_at"), Since(call, "started_at"), Since(call, "completed_at"),
                Markup.Escape($"{call["status"]}{(call["reason"] is { } reason ? $" ({reason})" : "")}"));
        }

        console.Console.Write(new Padder(table, new Padding(2, 0, 0, 0)));
        console.Blank();
    }

    /// <summary>Calls of three levels behind a backlog: in which order they began, and whether that is right.</summary>
    public void Priorities(IReadOnlyList<JsonNode> calls)
    {
        var started = calls.OrderBy(call => Time(call, "started_at")).ToList();
        console.Pair("Priorities", $"{calls.Count} calls for one container began in this order: {string.Join(' ', started.Select(call => call["priority"]))}");
        foreach (var high in calls.Where(call => Priority(call) == 2))
        {
            var overtaken = calls.Count(low => Priority(low) == 0 && Time(low, "queued_at") > Time(high, "queued_at") && Time(low, "started_at") < Time(high, "started_at") - TimeSpan.FromMilliseconds(100));
            Demand(overtaken == 0, $"{overtaken} calls of level 0 began before call {high["id"]} of level 2, which was queued before them");
        }
    }

    /// <summary>Says how it went; true when everything is as it must be.</summary>
    public bool Verdict()
    {
        foreach (var fault in _faults)
            console.Failure(fault);
        if (_faults.Count == 0)
            console.Success("Every call came to its expected end; higher levels went first.");
        return _faults.Count == 0;
    }

    private static int Priority(JsonNode call) => (int)call["priority"]!;

    private static DateTimeOffset? Time(JsonNode call, string name) =>
        call[name] is { } time ? DateTimeOffset.Parse(time.ToString(), CultureInfo.InvariantCulture) : null;

    private static string Clock(JsonNode call) => Time(call, "created_at")!.Value.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private static string Since(JsonNode call, string name) =>
        Time(call, name) is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"+{Between(call, "created_at", name).TotalMilliseconds:0} ms");
}
