using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Examples;

/// <summary>The runner that the demo provisions: instances must see its folder, and idle ones go soon enough to be watched.</summary>
internal sealed class RunnerExample : IExample
{
    public static string Directory => Path.Combine(Checkout.Root, "examples", "runner");

    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        new("Runtimes__ReadOnlyPaths__90", Directory),
        new("Instances__CoolDown", "00:00:02"),
    ];
}
