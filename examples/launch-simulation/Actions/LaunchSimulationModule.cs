using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Examples.LaunchSimulation;

/// <summary>What a worker finds when it loads this assembly (setting <c>Actions:Assemblies</c>): two actions.</summary>
public sealed class LaunchSimulationModule : IActionModule
{
    public void AddActions(IServiceCollection services)
    {
        services.AddSingleton(provider => Simulations.Create(provider.GetRequiredService<IConfiguration>()));
        services.AddAction("launch-simulation", action => action
            .Describe("""Launches a simulation, waits for it, configures and checks it, and marks it as running. {"failAt": "check"} makes that job fail.""")
            .Then<LaunchJob>("launch", new JobPolicy { Attempts = 2, RollbackAttempts = 3 })
            .Then<WaitJob>("wait", new JobPolicy { Timeout = TimeSpan.FromMinutes(1) })
            .Then<ConfigureJob>("configure", new JobPolicy { Attempts = 2 })
            .Then<CheckJob>("check")
            .Then<MarkJob>("mark"));
        services.AddAction("stop-simulation", action => action
            .Describe("Stops every simulation of the group.")
            .Then<FindJob>("find")
            .Then<UnmarkJob>("unmark")
            .Then<StopJob>("stop", new JobPolicy { Attempts = 3 }));
    }
}
