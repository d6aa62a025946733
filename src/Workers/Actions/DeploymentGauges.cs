using System.Diagnostics.Metrics;
using Npgsql;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Actions;

/// <summary>How many deployments go on, by state, and how many wait for an operator, by outcome.</summary>
public sealed class DeploymentGauges : CountedRows
{
    private const string Count = """
        SELECT 'state', state, count(*) FROM action_deployments WHERE status <> 'Finished' GROUP BY state
        UNION ALL
        SELECT 'outcome', outcome, count(*) FROM action_deployments WHERE incident IS NOT NULL GROUP BY outcome
        """;

    public DeploymentGauges(NpgsqlDataSource source, IMeterFactory meters, ILogger<DeploymentGauges> logger)
        : base(source, Count, logger)
    {
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        meter.CreateObservableGauge("orchestrator.deployment.open", () => By("state"), "{deployment}", "Deployments that have not finished.");
        meter.CreateObservableGauge("orchestrator.deployment.incidents", () => By("outcome"), "{deployment}", "Deployments that an operator has to look at.");
    }
}
