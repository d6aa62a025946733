using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Workers.Instances;

/// <summary>Looks after instances: lost nodes, steps that take too long, restarts, drains, waiting ones.</summary>
public sealed class LookAfterInstances(InstanceUpkeep upkeep, NodeAgent agent) : IDuty
{
    public string Name => "look-after-instances";

    public TimeSpan Interval => TimeSpan.FromSeconds(1);

    public Task RunAsync(CancellationToken cancellationToken) => upkeep.RunAsync(agent.CanJudge, cancellationToken);
}
