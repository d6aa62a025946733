using System.Text.Json;
using Orchestrator.Local.Run;
using Spectre.Console;

namespace Orchestrator.Local.Demo.Actions;

/// <summary>The timeline of a deployment, as the API tells it.</summary>
internal static class TimelineTable
{
    public static void Print(RunConsole console, IReadOnlyList<JsonElement> lines)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        table.AddColumn(new TableColumn("after").RightAligned());
        table.AddColumn("what");
        table.AddColumn("state");
        table.AddColumn("detail");
        foreach (var line in lines)
        {
            var after = line.GetProperty("at").GetDateTimeOffset() - lines[0].GetProperty("at").GetDateTimeOffset();
            var what = Text(line, "what");
            var colour = what.Contains("failed", StringComparison.Ordinal) ? "red" : what is "finished" ? "bold" : "default";
            table.AddRow(
                FormattableString.Invariant($"{after.TotalMilliseconds:0} ms"), $"[{colour}]{Markup.Escape(what)}[/]", Markup.Escape(States(line)), Markup.Escape(Text(line, "reason")));
        }

        console.Blank();
        console.Console.Write(new Padder(table, new Padding(2, 0, 0, 0)));
        console.Blank();
    }

    private static string States(JsonElement line)
    {
        var (from, to) = (Text(line, "from"), Text(line, "to"));
        return from == to ? to : $"{from} → {to}";
    }

    private static string Text(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";
}
