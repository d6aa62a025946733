using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Duties;

/// <summary>Folds the pressure counters.</summary>
public sealed class FoldPressure(PressureUpkeep upkeep) : IDuty
{
    public string Name => "fold-pressure";

    public TimeSpan Interval => TimeSpan.FromSeconds(1);

    public Task RunAsync(CancellationToken cancellationToken) => upkeep.FoldAsync(cancellationToken);
}

/// <summary>Takes jobs that grew too old out of the pressure.</summary>
public sealed class AgePressure(PressureUpkeep upkeep, IOptions<JobsOptions> options) : IDuty
{
    public string Name => "age-pressure";

    /// <summary>Without a bound there is little to do: only jobs that an earlier setting took out come back.</summary>
    public TimeSpan Interval => TimeSpan.FromSeconds(options.Value.PressureMaxAge is null ? 60 : 1);

    public Task RunAsync(CancellationToken cancellationToken) => upkeep.AgeAsync(cancellationToken);
}

/// <summary>Checks the assignments, and mends them where a defect got through.</summary>
public sealed class ReconcileAssignments(
    AssignmentReconciler reconciler, IOptions<JobsOptions> options, OrchestratorMetrics metrics) : IDuty
{
    public string Name => "reconcile-assignments";

    public TimeSpan Interval => options.Value.ReconcileInterval;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var result = await reconciler.RunAsync(cancellationToken);
        metrics.Mended(result.Mended);
    }
}
