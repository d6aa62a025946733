using Orchestrator.Local.Servers;
using Orchestrator.Tests.Calls.Agent;

namespace Orchestrator.Tests.Calls;

/// <summary>The functions that tests run, and the settings of hosts that run them.</summary>
internal static class TestFunctions
{
    /// <summary>Does what its body says: see <c>Images/probe/func.js</c>.</summary>
    public const string Probe = "probe:1";

    private static readonly Lazy<Task> Prepared = new(PrepareOnceAsync);

    /// <summary>Where a function may write to: named pipes only, since it sees the directory read-only.</summary>
    public static string Pipes => Checkout.RunDirectory("test", "pipes");

    public static (string Key, string Value)[] Settings =>
    [
        ("Functions__Root", Root), ("Functions__StartTimeout", "00:00:30"), ("Functions__MemoryMiB", "4096"), ("Functions__MilliCpus", "1000000"), ("Runtimes__ReadOnlyPaths__0", Pipes),
    ];

    private static string Root => Checkout.RunDirectory("test", "functions");

    /// <summary>Puts the images where <see cref="Settings"/> says they are.</summary>
    public static Task PrepareAsync() => Prepared.Value;

    private static async Task PrepareOnceAsync()
    {
        Directory.CreateDirectory(Pipes);
        foreach (var source in Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "tests", "Orchestrator.Tests", "Calls", "Images")))
        {
            var target = Directory.CreateDirectory(Path.Combine(Root, Path.GetFileName(source), "1")).FullName;
            foreach (var file in Directory.EnumerateFiles(source))
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
            if (!Directory.Exists(Path.Combine(target, "node_modules")))
                await NodeFdk.CopyToAsync(target);
        }
    }
}
