using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Examples.LaunchSimulation;

/// <summary>Finds the simulations of the group.</summary>
public sealed class FindJob(Simulations simulations) : ActionJob<Nil, FoundSimulations>
{
    public override Task<FoundSimulations?> ExecuteAsync(Nil input, JobContext context) =>
        Task.FromResult<FoundSimulations?>(new FoundSimulations { Ids = simulations.OfGroup(context.GroupId) });
}

/// <summary>Takes back that they are running, before they are not.</summary>
public sealed class UnmarkJob(Simulations simulations) : ActionJob<FoundSimulations, Nil>
{
    public override Task<Nil?> ExecuteAsync(FoundSimulations input, JobContext context)
    {
        foreach (var mark in input.Ids.Select(simulations.Mark).Where(File.Exists))
            File.Delete(mark);
        return Task.FromResult<Nil?>(Nil.Value);
    }
}

/// <summary>Ends them.</summary>
public sealed class StopJob(Simulations simulations) : ActionJob<FoundSimulations, FoundSimulations>
{
    public override async Task<FoundSimulations?> ExecuteAsync(FoundSimulations input, JobContext context)
    {
        foreach (var id in input.Ids)
            await simulations.StopAsync(id, context.CancellationToken);
        return input;
    }
}
