using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Examples.LaunchSimulation;

/// <summary>What the action takes; an empty object will do.</summary>
[JobData("launch-simulation.input")]
public sealed record LaunchInput
{
    /// <summary>The job that fails, after it has done its work.</summary>
    public string? FailAt { get; init; }

    /// <summary>What is simulated.</summary>
    public string World { get; init; } = "tunnel";
}

/// <summary>A simulation, as it is handed from job to job.</summary>
[JobData("launch-simulation.simulation")]
public sealed record RunningSimulation
{
    public required Guid Id { get; init; }

    /// <summary>Known once it is ready.</summary>
    public int? Pid { get; init; }
    public int? Port { get; init; }
}

/// <summary>Simulations of one group.</summary>
[JobData("launch-simulation.found")]
public sealed record FoundSimulations
{
    public required IReadOnlyList<Guid> Ids { get; init; }
}
