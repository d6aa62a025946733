using System.Text.Json;
using Orchestrator.Local.Demo.Actions;
using Orchestrator.Local.Demo.Calls;
using Orchestrator.Local.Demo.Clones;
using Orchestrator.Local.Demo.Instances;
using Orchestrator.Local.Demo.Jobs;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo;

/// <summary>The whole demo, part after part.</summary>
internal static class DemoParts
{
    public static IReadOnlyList<IDemoPart> All { get; } =
    [
        new JobsDemo(),
        new ActionsDemo(),
        new InstancesDemo(),
        new CallsDemo(),
        new ClonesDemo(),
    ];

    /// <summary>Runs every part, also after one that failed; true when all succeeded.</summary>
    public static async Task<bool> RunAsync(IReadOnlyList<IDemoPart> parts, RunContext run, CancellationToken cancellationToken)
    {
        var failed = new List<IDemoPart>();
        foreach (var part in parts)
        {
            run.Console.Title($"Demo: {part.Title}");
            if (!await SucceedsAsync(part, run, cancellationToken))
                failed.Add(part);
        }

        if (failed.Count > 0 && parts.Count > 1)
        {
            run.Console.Blank();
            foreach (var part in failed)
                run.Console.Failure($"This part of the demo failed: {part.Title}");
        }

        return failed.Count == 0;
    }

    private static async Task<bool> SucceedsAsync(IDemoPart part, RunContext run, CancellationToken cancellationToken)
    {
        try
        {
            return await part.RunAsync(run, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested
            && exception is HttpRequestException or JsonException or IOException or TimeoutException or OperationCanceledException)
        {
            run.Console.Failure($"The demo could not go on: {exception.Message}");
            return false;
        }
    }
}
