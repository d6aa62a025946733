using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Reports;

/// <summary>Tables on the console, one JSON line per scenario in <c>.run/bench/results.jsonl</c>, and the verdict.</summary>
public sealed class Report(BenchOptions options)
{
    private readonly List<Gate> _gates = [];

    public bool HasFailed => _gates.Exists(gate => gate.IsGate && !gate.Holds);

    /// <summary>A line about what is going on.</summary>
    public static void Say(string line) => Console.WriteLine($"  {line}");

    /// <summary>Ends a scenario: its table is shown, its figures are kept.</summary>
    public void Add(string scenario, Table table, JsonObject figures, params IReadOnlyList<Gate> gates)
    {
        Console.WriteLine();
        Console.WriteLine(table);
        _gates.AddRange(gates);
        var line = new JsonObject
        {
            ["scenario"] = scenario,
            ["at"] = TimeProvider.System.GetUtcNow().ToString("O"),
            ["options"] = JsonSerializer.SerializeToNode(options),
            ["cores"] = Environment.ProcessorCount,
            ["figures"] = figures,
            ["gates"] = JsonSerializer.SerializeToNode(gates),
        };
        Directory.CreateDirectory(Checkout.RunDirectory("bench"));
        File.AppendAllText(Checkout.RunDirectory("bench", "results.jsonl"), line.ToJsonString() + "\n");
    }

    public void WriteVerdict()
    {
        var table = new Table("Verdict", "figure", "bound", "holds");
        foreach (var gate in _gates)
        {
            table.Add(
                gate.Name,
                gate.Value.ToString("0.###"),
                $"{(gate.IsGate ? "gate" : "aim")} {(gate.IsUpper ? "<=" : ">=")} {gate.Bound:0.###}",
                gate.Holds ? "yes" : gate.IsGate ? "NO" : "not yet");
        }

        Console.WriteLine();
        Console.WriteLine(table);
    }
}
