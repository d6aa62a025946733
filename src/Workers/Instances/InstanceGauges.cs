using System.Diagnostics.Metrics;
using Npgsql;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Instances;

/// <summary>How many instances there are by state, those that are terminated left out, and how many nodes.</summary>
public sealed class InstanceGauges : CountedRows
{
    private const string Count = """
        SELECT 'status', status, count(*) FROM instance WHERE status <> 'terminated' GROUP BY status
        UNION ALL
        SELECT 'state', state, count(*) FROM node GROUP BY state
        """;

    public InstanceGauges(NpgsqlDataSource source, IMeterFactory meters, ILogger<InstanceGauges> logger)
        : base(source, Count, logger)
    {
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        meter.CreateObservableGauge("orchestrator.instance.count", () => By("status"), "{instance}", "Instances by status, without the terminated ones.");
        meter.CreateObservableGauge("orchestrator.node.count", () => By("state"), "{node}", "Nodes by state.");
    }
}
