using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Examples;

/// <summary>The runner that the demo provisions: instances must see its folder, and idle ones go soon enough to be watched.</summary>
internal sealed class RunnerExample : IExample
{
    /// <summary>Its instance type: enough of a processor to start Node quickly.</summary>
    public const string Size = "runner";

    public const int MilliCpus = 600;
    public const int MemoryMiB = 128;

    public static string Directory => Path.Combine(Checkout.Root, "examples", "runner");

    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        new("Runtimes__ReadOnlyPaths__90", Directory),
        new("Instances__CoolDown", "00:00:02"),
        new($"Instances__Types__{Size}__MilliCpus", MilliCpus.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        new($"Instances__Types__{Size}__MemoryMiB", MemoryMiB.ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ];
}
