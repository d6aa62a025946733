using System.Diagnostics.Metrics;
using Npgsql;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Actions;

/// <summary>How many deployments go on, by state, and how many wait for an operator, by outcome.</summary>
public sealed class DeploymentGauges : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const string Count = """
        SELECT 'state', state, count(*) FROM action_deployments WHERE status <> 'Finished' GROUP BY state
        UNION ALL
        SELECT 'outcome', outcome, count(*) FROM action_deployments WHERE incident IS NOT NULL GROUP BY outcome
        """;

    private readonly NpgsqlDataSource _source;
    private readonly ILogger<DeploymentGauges> _logger;
    private volatile IReadOnlyList<(string Kind, Measurement<long> Value)> _counts = [];

    public DeploymentGauges(NpgsqlDataSource source, IMeterFactory meters, ILogger<DeploymentGauges> logger)
    {
        (_source, _logger) = (source, logger);
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        meter.CreateObservableGauge("orchestrator.deployment.open", () => Of("state"), "{deployment}", "Deployments that have not finished.");
        meter.CreateObservableGauge("orchestrator.deployment.incidents", () => Of("outcome"), "{deployment}", "Deployments that an operator has to look at.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try
            {
                await ReadAsync(stoppingToken);
            }
            catch (Exception exception)
            {
                // Whatever it fails with: nobody else would look at the gauges again.
                _logger.LogDebug("Gauges keep their last value: {Reason}", exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully, TaskScheduler.Default));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var counts = new List<(string, Measurement<long>)>();
        await using var command = _source.CreateCommand(Count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var kind = reader.GetString(0);
            counts.Add((kind, new Measurement<long>(reader.GetInt64(2), new KeyValuePair<string, object?>(kind, reader.GetString(1)))));
        }

        _counts = counts;
    }

    private IEnumerable<Measurement<long>> Of(string kind) =>
        [.. _counts.Where(count => string.Equals(count.Kind, kind, StringComparison.Ordinal)).Select(count => count.Value)];
}
