using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Local.Demo.Instances;
using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Examples;

/// <summary><c>examples/launch-simulation</c>: two actions in an assembly that the workers load, and two definitions that do the same on instances.</summary>
internal sealed class LaunchSimulation : IExample
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Where its simulations keep their folders; one whose folder is gone ends.</summary>
    public static string Root { get; } = Checkout.RunDirectory("simulations");

    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        // The numbers below are for the user's own assemblies.
        new("Actions__Assemblies__900", Checkout.Host("Orchestrator.Examples.LaunchSimulation")),
        new("LaunchSimulation__Root", Root),
        new("LaunchSimulation__Owner", Environment.ProcessId.ToString()),
        new("Runtimes__ReadOnlyPaths__91", Path.GetDirectoryName(Program)!),
    ];

    /// <summary>The app whose instances are simulations.</summary>
    public static JsonObject App => new()
    {
        ["name"] = "simulation",
        ["command"] = new JsonArray("/bin/sh", "-c", """mkdir -p /tmp/simulation && exec "$@" /tmp/simulation""", "sh", Binaries.Find("dotnet") ?? "dotnet", Program),
        ["env"] = new JsonObject { ["DOTNET_gcServer"] = "0", ["DOTNET_TieredPGO"] = "0", ["DOTNET_NOLOGO"] = "1" },
        ["ports"] = new JsonArray(7000),
        ["healthCheck"] = new JsonObject { ["type"] = "tcp" },
        ["graceSeconds"] = 1,
    };

    private static string Program { get; } =
        Path.Combine(Path.GetDirectoryName(Checkout.Host("Orchestrator.Examples.LaunchSimulation"))!, "Orchestrator.Examples.Simulation.dll");

    private static string Definitions => Path.Combine(Checkout.Root, "examples", "launch-simulation", "Definitions");

    /// <summary>Registers the definitions and the app, and waits until a worker has made known what the assembly brings.</summary>
    public async Task RegisterAsync(RunContext run, CancellationToken cancellationToken)
    {
        foreach (var file in Directory.EnumerateFiles(Definitions, "*.yaml").Order(StringComparer.Ordinal))
        {
            using var content = new StringContent(await File.ReadAllTextAsync(file, cancellationToken), Encoding.UTF8, "application/yaml");
            using var response = await run.Api.PostAsync("api/v1/actions", content, cancellationToken);
            response.EnsureSuccessStatusCode();
        }

        using (var apps = new InstancesClient(run))
            await apps.EnsureAppAsync(App, cancellationToken);
        var since = TimeProvider.System.GetTimestamp();
        while (!(await NamesAsync(run, cancellationToken)).Contains("launch-simulation", StringComparer.Ordinal))
        {
            if (TimeProvider.System.GetElapsedTime(since) > Deadline)
                throw new RunFailedException($"The action launch-simulation is not known after {Deadline.TotalSeconds} s; see {RunPaths.Relative(RunPaths.Logs)}/");
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>Ends every simulation that a user has left running.</summary>
    public void Stop()
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(RunContext run, CancellationToken cancellationToken)
    {
        var actions = await run.Api.GetFromJsonAsync<JsonElement>("api/v1/actions", cancellationToken);
        return [.. actions.GetProperty("items").EnumerateArray().Select(action => action.GetProperty("action").GetString()!)];
    }
}
