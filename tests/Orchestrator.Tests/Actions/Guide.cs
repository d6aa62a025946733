using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Tests.Actions.Guide;

[JobData("launch.machines")]
public sealed record Machines(int Count, string[] Ids);

public sealed class LaunchMachines(MachineRoom room) : ActionJob<Machines, Machines>, IRollsBack
{
    public override async Task<Machines?> ExecuteAsync(Machines input, JobContext context)
    {
        // The name makes a second run find what the first one launched.
        var ids = await room.LaunchAsync($"{context.DeploymentId}", input.Count, context.CancellationToken);
        await context.SetAsync(new Machines(input.Count, ids));
        return input with { Ids = ids };
    }

    public async Task RollbackAsync(JobFailure failure, JobContext context)
    {
        if (await context.GetAsync<Machines>() is { } launched)
            await room.TerminateAsync(launched.Ids);
    }
}

public sealed class CheckRoom(MachineRoom room) : ActionJob<Nil, Nil>
{
    public override Task<Nil?> ExecuteAsync(Nil input, JobContext context) =>
        room.IsOpen ? Task.FromResult<Nil?>(input) : throw new InvalidOperationException("the room is closed");
}

public sealed class MachineActions : IActionModule
{
    public void AddActions(IServiceCollection services)
    {
        services.AddSingleton<MachineRoom>();
        services.AddAction("launch-machines", action => action
            .Describe("Launches machines and marks them.")
            .Then<CheckRoom>("check")
            .Then<LaunchMachines>("launch", new JobPolicy { Attempts = 3, FirstPause = TimeSpan.FromMilliseconds(100), Timeout = TimeSpan.FromMinutes(5) })
            .Then<Machines, Machines>("mark", (context, machines) => MarkAsync(context, machines)));
    }

    private static Task<Machines> MarkAsync(JobContext context, Machines machines)
    {
        context.Logger.LogInformation("{Count} machines run", machines.Ids.Length);
        return Task.FromResult(machines);
    }
}

/// <summary>What the guide's jobs act on.</summary>
public sealed class MachineRoom
{
    private readonly Dictionary<string, string[]> _launched = new(StringComparer.Ordinal);

    public bool IsOpen { get; set; } = true;

    public int Count => _launched.Values.Sum(ids => ids.Length);

    public Task<string[]> LaunchAsync(string name, int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_launched.TryGetValue(name, out var ids))
            _launched[name] = ids = [.. Enumerable.Range(1, count).Select(n => $"{name}-{n}")];
        return Task.FromResult(ids);
    }

    public Task TerminateAsync(string[] ids)
    {
        foreach (var name in _launched.Where(launch => launch.Value.Intersect(ids).Any()).Select(launch => launch.Key).ToList())
            _launched.Remove(name);
        return Task.CompletedTask;
    }
}
