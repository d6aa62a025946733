using System.Net.Sockets;
using System.Text.Json;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Examples.LaunchSimulation;

/// <summary>Makes a job fail that the input names, once it has done its work.</summary>
internal static class Sabotage
{
    public static readonly IReadOnlyList<string> Jobs = ["launch", "wait", "configure", "check", "mark"];

    public static async Task FailIfAskedAsync(JobContext context)
    {
        if (await context.GetAsync<LaunchInput>(JobContext.InputKind, "launch") is { } input && input.FailAt == context.Job)
            throw new InvalidOperationException($"{context.Job} fails, as its input asked for");
    }
}

/// <summary>Starts the process of a simulation.</summary>
public sealed class LaunchJob(Simulations simulations) : ActionJob<LaunchInput, RunningSimulation>, IRollsBack
{
    public override IReadOnlyList<JobFunction> PreHooks =>
    [
        JobFunctions.Check<LaunchInput>((_, input) => input.FailAt is null || Sabotage.Jobs.Contains(input.FailAt, StringComparer.Ordinal)
            ? Task.CompletedTask
            : throw new InvalidOperationException($"failAt must be one of {string.Join(", ", Sabotage.Jobs)}, not {input.FailAt}")),
    ];

    public override async Task<RunningSimulation?> ExecuteAsync(LaunchInput input, JobContext context)
    {
        // The deployment's id is the simulation's: another attempt finds what this one has left.
        var folder = simulations.Folder(context.DeploymentId);
        folder.Create(context.GroupId);
        if (!folder.IsRunning)
            simulations.Start(folder);
        await Sabotage.FailIfAskedAsync(context);
        return new RunningSimulation { Id = context.DeploymentId };
    }

    public Task RollbackAsync(JobFailure failure, JobContext context) => simulations.StopAsync(context.DeploymentId, context.CancellationToken);
}

/// <summary>Waits until the simulation is ready.</summary>
public sealed class WaitJob(Simulations simulations) : ActionJob<RunningSimulation, RunningSimulation>
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public override async Task<RunningSimulation?> ExecuteAsync(RunningSimulation simulation, JobContext context)
    {
        var folder = simulations.Folder(simulation.Id);
        while (folder.Address is null)
            await Task.Delay(Pause, context.CancellationToken);
        var address = folder.Address;
        await Sabotage.FailIfAskedAsync(context);
        return simulation with { Pid = address.Pid, Port = address.Port };
    }
}

/// <summary>Tells the simulation its world.</summary>
public sealed class ConfigureJob : ActionJob<RunningSimulation, RunningSimulation>, IRollsBack
{
    public override async Task<RunningSimulation?> ExecuteAsync(RunningSimulation simulation, JobContext context)
    {
        var input = await context.GetAsync<LaunchInput>(JobContext.InputKind, "launch") ?? new LaunchInput();
        await context.SetAsync(simulation);
        await Simulations.AskAsync(simulation, $"world {input.World.ReplaceLineEndings(" ")}", context.CancellationToken);
        await Sabotage.FailIfAskedAsync(context);
        return simulation;
    }

    public async Task RollbackAsync(JobFailure failure, JobContext context)
    {
        try
        {
            if (await context.GetAsync<RunningSimulation>() is { } simulation)
                await Simulations.AskAsync(simulation, "reset", context.CancellationToken);
        }
        catch (SocketException)
        {
            // It is gone, and its configuration with it.
        }
    }
}

/// <summary>Looks whether the simulation computes what it was told to.</summary>
public sealed class CheckJob : ActionJob<RunningSimulation, Nil>
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private const int Looks = 100;

    public override async Task<Nil?> ExecuteAsync(RunningSimulation simulation, JobContext context)
    {
        for (var look = 0; look < Looks; look++)
        {
            var state = await Simulations.AskAsync(simulation, "state", context.CancellationToken);
            if (state.GetProperty("world").ValueKind is JsonValueKind.Null)
                throw new InvalidOperationException($"simulation {simulation.Id} has no world");
            if (state.GetProperty("steps").GetInt64() > 0)
            {
                await Sabotage.FailIfAskedAsync(context);
                return Nil.Value;
            }

            await Task.Delay(Pause, context.CancellationToken);
        }

        throw new TimeoutException($"simulation {simulation.Id} does not move");
    }
}

/// <summary>Notes the simulation as running, for those who use it.</summary>
public sealed class MarkJob(Simulations simulations) : ActionJob<RunningSimulation, RunningSimulation>, IRollsBack
{
    public override async Task<RunningSimulation?> ExecuteAsync(RunningSimulation simulation, JobContext context)
    {
        var mark = simulations.Mark(simulation.Id);
        Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
        await File.WriteAllTextAsync(mark, JsonSerializer.Serialize(simulation), context.CancellationToken);
        await Sabotage.FailIfAskedAsync(context);
        return simulation;
    }

    public Task RollbackAsync(JobFailure failure, JobContext context)
    {
        var mark = simulations.Mark(context.DeploymentId);
        if (File.Exists(mark))
            File.Delete(mark);
        return Task.CompletedTask;
    }
}
