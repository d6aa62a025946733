using System.Globalization;

namespace Orchestrator.Local.Run;

/// <summary>The options of <c>./run</c>.</summary>
/// <param name="Once">End after the demo.</param>
/// <param name="Demo">Feed the demo after the start.</param>
/// <param name="Workers">How many worker processes run apart from the API; 0 is one process for everything.</param>
/// <param name="Reset">Forget all data first.</param>
internal sealed record RunOptions(bool Once, bool Demo, int Workers, bool Reset)
{
    private const int MaximumWorkers = 64;

    /// <exception cref="UsageException">An option is unknown or its value is.</exception>
    public static RunOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new RunOptions(Once: false, Demo: true, Workers: 0, Reset: false);
        for (var index = 0; index < arguments.Count; index++)
        {
            options = arguments[index] switch
            {
                "--once" => options with { Once = true },
                "--no-demo" => options with { Demo = false },
                "--reset" => options with { Reset = true },
                "--workers" => options with { Workers = Number(arguments.ElementAtOrDefault(++index)) },
                var unknown => throw new UsageException($"Unknown option {unknown} (see ./run --help)"),
            };
        }

        return options is { Once: true, Demo: false } ? throw new UsageException("--once and --no-demo leave nothing to do") : options;
    }

    private static int Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MaximumWorkers
            ? number
            : throw new UsageException($"--workers needs a number from 1 to {MaximumWorkers}");
}
