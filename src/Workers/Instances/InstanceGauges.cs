using System.Diagnostics.Metrics;
using Npgsql;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Instances;

/// <summary>How many instances there are by state, those that are terminated left out, and how many nodes.</summary>
public sealed class InstanceGauges : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const string Count = """
        SELECT 'status', status, count(*) FROM instance WHERE status <> 'terminated' GROUP BY status
        UNION ALL
        SELECT 'state', state, count(*) FROM node GROUP BY state
        """;

    private readonly NpgsqlDataSource _source;
    private readonly ILogger<InstanceGauges> _logger;
    private volatile IReadOnlyList<(string Kind, Measurement<long> Value)> _counts = [];

    public InstanceGauges(NpgsqlDataSource source, IMeterFactory meters, ILogger<InstanceGauges> logger)
    {
        (_source, _logger) = (source, logger);
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        meter.CreateObservableGauge("orchestrator.instance.count", () => Of("status"), "{instance}", "Instances by status, without the terminated ones.");
        meter.CreateObservableGauge("orchestrator.node.count", () => Of("state"), "{node}", "Nodes by state.");
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
