using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>
/// Gauges that are read from the database: outbox, dead letters, pressure. Read in the background, so that a scrape
/// never waits for the database.
/// </summary>
public sealed class Gauges : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _source;
    private readonly PressureReader _pressure;
    private readonly ILogger<Gauges> _logger;
    private volatile IReadOnlyList<Measurement<long>> _pressures = [];
    private long _deadLetters;
    private long _outboxMessages;
    private double _outboxLag;

    public Gauges(NpgsqlDataSource source, PressureReader pressure, IMeterFactory meters, ILogger<Gauges> logger)
    {
        (_source, _pressure, _logger) = (source, pressure, logger);
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        meter.CreateObservableGauge("orchestrator.job.pressure", () => _pressures, "{machine}", "Machines wanted.");
        meter.CreateObservableGauge("orchestrator.outbox.messages", () => Volatile.Read(ref _outboxMessages), "{message}", "Committed messages that wait to be published.");
        meter.CreateObservableGauge("orchestrator.outbox.lag", () => Volatile.Read(ref _outboxLag), "s", "Age of the oldest message in the outbox.");
        meter.CreateObservableGauge("orchestrator.dead_letters.kept", () => Volatile.Read(ref _deadLetters), "{message}", "Dead letters that nobody replayed or deleted.");
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
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                _logger.LogDebug("Gauges keep their last value: {Reason}", exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully, TaskScheduler.Default));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await using (var command = _source.CreateCommand("""
            SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8,
                   (SELECT count(*) FROM dead_letter)
            FROM outbox
            """))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            Volatile.Write(ref _outboxMessages, reader.GetInt64(0));
            Volatile.Write(ref _outboxLag, reader.GetDouble(1));
            Volatile.Write(ref _deadLetters, reader.GetInt64(2));
        }

        var pressures = await _pressure.ReadAllAsync(cancellationToken);
        _pressures = [.. pressures.Select(entry => new Measurement<long>(
            entry.Value, new("platform", entry.Key.Platform), new("flavor", entry.Key.Flavor)))];
    }
}
