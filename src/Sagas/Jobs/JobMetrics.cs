using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Counts what happened to jobs, whatever the way they came.</summary>
public static class JobMetrics
{
    public static void Count(this OrchestratorMetrics metrics, IReadOnlyCollection<JobOutcome> outcomes)
    {
        foreach (var group in outcomes.GroupBy(outcome => (outcome.Platform, outcome.Transitions)))
            metrics.Consumed(group.Key.Platform, group.Key.Transitions.ToString(), group.Count());
        foreach (var outcome in outcomes)
        {
            if (outcome.Transitions.HasFlag(JobTransitions.Started) && outcome.StartedAt is { } started && outcome.CreatedAt is { } created)
                metrics.Waiting(outcome.Platform, started - created);
            if (outcome.Transitions.HasFlag(JobTransitions.Completed) && outcome is { StartedAt: { } began, CompletedAt: { } ended })
                metrics.Running(outcome.Platform, ended - began);
        }
    }
}
