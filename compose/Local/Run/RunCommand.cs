using Orchestrator.Local.Demo;
using Orchestrator.Local.Examples;
using Orchestrator.Local.Servers;
using Orchestrator.Local.Storage;

namespace Orchestrator.Local.Run;

/// <summary><c>./run</c>: starts the system, feeds the demo, stays up until Ctrl-C.</summary>
internal static class RunCommand
{
    private const int Interrupted = 130;

    /// <summary>Returns the exit code.</summary>
    public static async Task<int> ExecuteAsync(IReadOnlyList<string> arguments)
    {
        var console = RunConsole.Create();
        using var shutdown = new Shutdown();
        try
        {
            var options = RunOptions.Parse(arguments);
            using var held = RunLock.Take();
            console.Title("Orchestrator");
            if (options.Reset)
                await RunReset.DeletePrivateDataAsync();
            RunReset.StartFreshLogs();
            Directory.CreateDirectory(RunPaths.Functions);

            await using var clones = await CloneDirectory.OpenAsync(console);
            await using var system = await LocalSystem.StartAsync(options.Workers, clones.Path, console, shutdown.Requested);
            RunLock.Announce(system.Installation.Url);
            using var run = new RunContext(system.Installation, console);
            await AllExamples.RegisterAsync(run, shutdown.Requested);
            var succeeded = !options.Demo || await DemoParts.RunAsync(DemoParts.All, run, shutdown.Requested);
            Summary.Print(console, system.Installation, staysUp: !options.Once);
            if (options.Once)
                return succeeded ? 0 : 1;
            await shutdown.WaitAsync();
            return 0;
        }
        catch (UsageException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
        catch (Exception exception) when (exception is RunFailedException or ServerStartException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
        catch (OperationCanceledException) when (shutdown.Requested.IsCancellationRequested)
        {
            return Interrupted;
        }
    }
}
