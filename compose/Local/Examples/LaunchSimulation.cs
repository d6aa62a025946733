using System.Text.Json;
using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Examples;

/// <summary><c>examples/launch-simulation</c>: two actions in an assembly that the workers load.</summary>
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
    ];

    /// <summary>Waits until a worker has made it known.</summary>
    public async Task RegisterAsync(RunContext run, CancellationToken cancellationToken)
    {
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
