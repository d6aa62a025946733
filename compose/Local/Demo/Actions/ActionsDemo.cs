using System.Text.Json;
using Orchestrator.Local.Demo.Instances;
using Orchestrator.Local.Examples;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Actions;

/// <summary>
/// A simulation is launched twice, as a process of its own: once to the end, once with a failure in the middle, which
/// undoes what was done. Then the first one is stopped, and nothing is left.
/// </summary>
internal sealed class ActionsDemo : IDemoPart
{
    private const string Launch = "launch-simulation";
    private const string FailingJob = "check";

    private static readonly string[] Jobs = ["launch", "wait", "configure", "check", "mark"];

    public string Title => "actions undo themselves";

    public async Task<bool> RunAsync(RunContext run, CancellationToken cancellationToken)
    {
        var client = new DeploymentsClient(run);
        var faults = new List<string>();
        var (good, bad) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        run.Console.Pair("By bus", $"{Launch}: plain JSON on exchange orchestrator.actions.execute-action");
        await client.BeginByBusAsync(good, Launch, $"demo-{good}", cancellationToken);
        var succeeded = await ShowAsync(run, client, good, "Succeeded", faults, cancellationToken);
        var pid = succeeded.GetProperty("output").GetProperty("pid").GetInt32();
        Check(faults, Jobs.SequenceEqual(Ran(succeeded, isRollback: false), StringComparer.Ordinal), $"the jobs that ran are {string.Join(", ", Ran(succeeded, isRollback: false))}");
        Check(faults, SimulationProcesses.Of(good).Contains(pid), $"there is no process {pid} of the simulation that was launched");

        run.Console.Pair("By API", $$"""{{Launch}} with {"failAt": "{{FailingJob}}"}: POST /api/v1/deployments""");
        await client.BeginByApiAsync(bad, Launch, $"demo-{bad}", new { failAt = FailingJob }, cancellationToken);
        var undone = await ShowAsync(run, client, bad, "RolledBack", faults, cancellationToken);
        Check(faults, Ran(undone, isRollback: true) is ["configure", "launch"], $"the jobs that were undone are {string.Join(", ", Ran(undone, isRollback: true))}");
        Check(faults, !SimulationProcesses.Of(bad).Any() && !Directory.Exists(Path.Combine(LaunchSimulation.Root, $"{bad}")), "something of the simulation that failed is left");

        var stop = Guid.CreateVersion7();
        await client.BeginByApiAsync(stop, "stop-simulation", $"demo-{good}", input: null, cancellationToken);
        var stopped = await client.EndAsync(stop, cancellationToken);
        Check(faults, stopped.GetProperty("outcome").GetString() is "Succeeded", $"stop-simulation ended as {stopped.GetProperty("outcome")}: {stopped.GetProperty("rollbackError")}");
        Check(faults, !SimulationProcesses.Of(good).Any(), $"process {pid} of the simulation that was stopped is left");

        var fleet = await FleetAsync(run, client, faults, cancellationToken);
        return Report(run.Console, faults, pid, fleet);
    }

    // The same without C#: by the built-in jobs that make instances, wait for them and end them. Gives how many there were.
    private static async Task<int> FleetAsync(RunContext run, DeploymentsClient client, List<string> faults, CancellationToken cancellationToken)
    {
        const int wanted = 2;
        using var instances = new InstancesClient(run);
        var app = await instances.EnsureAppAsync(LaunchSimulation.App, cancellationToken);
        var (launch, stop) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        run.Console.Pair("On instances", $"launch-simulations: {wanted} instances of app simulation");
        await client.BeginByApiAsync(launch, "launch-simulations", $"demo-{launch}", new { app, count = wanted, instanceType = RunnerExample.Size }, cancellationToken);
        await ShowAsync(run, client, launch, "Succeeded", faults, cancellationToken);
        var running = await instances.RunningAsync(app, cancellationToken);
        Check(faults, running.Count == wanted && running.All(instance => instance.Status is "running"), $"{running.Count} instances run instead of {wanted}");
        await client.BeginByApiAsync(stop, "stop-simulations", $"demo-{launch}", new { instances = running.Select(instance => instance.Id) }, cancellationToken);
        var stopped = await client.EndAsync(stop, cancellationToken);
        Check(faults, stopped.GetProperty("outcome").GetString() is "Succeeded", $"stop-simulations ended as {stopped.GetProperty("outcome")}: {stopped.GetProperty("rollbackError")}");
        Check(faults, (await instances.RunningAsync(app, cancellationToken)).Count == 0, "instances are left that stop-simulations should have ended");
        return running.Count;
    }

    private static async Task<JsonElement> ShowAsync(
        RunContext run, DeploymentsClient client, Guid id, string outcome, List<string> faults, CancellationToken cancellationToken)
    {
        var deployment = await client.EndAsync(id, cancellationToken);
        TimelineTable.Print(run.Console, await client.TimelineAsync(id, cancellationToken));
        var actual = deployment.GetProperty("outcome").GetString();
        Check(faults, string.Equals(actual, outcome, StringComparison.Ordinal), $"deployment {id} ended as {actual} instead of {outcome}: {deployment.GetProperty("rollbackError")}");
        return deployment;
    }

    private static string[] Ran(JsonElement deployment, bool isRollback) =>
    [
        .. deployment.GetProperty("attempts").EnumerateArray()
            .Where(attempt => attempt.GetProperty("isRollback").GetBoolean() == isRollback && attempt.GetProperty("state").GetString() is "Ended")
            .Select(attempt => attempt.GetProperty("job").GetString()!).Distinct(StringComparer.Ordinal),
    ];

    private static void Check(List<string> faults, bool isTrue, string fault)
    {
        if (!isTrue)
            faults.Add(fault);
    }

    private static bool Report(RunConsole console, List<string> faults, int pid, int fleet)
    {
        if (faults.Count == 0)
        {
            console.Success($"One simulation ran as process {pid} until stop-simulation ended it; the other one left nothing behind; {fleet} ran as instances and were ended.");
            return true;
        }

        console.Failure($"{faults.Count} things are not as they should be:");
        foreach (var fault in faults)
            console.Pair("", fault);
        return false;
    }
}
