using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>
/// Gauges that are read from the database (outbox, dead letters, pressure) and from the broker (queues). Read in the
/// background, so that a scrape never waits for either; while one is away its gauges keep their last value.
/// </summary>
public sealed class Gauges : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _source;
    private readonly PressureReader _pressure;
    private readonly QueueDepths _queues;
    private readonly ILogger<Gauges> _logger;
    private volatile IReadOnlyList<Measurement<long>> _pressures = [];
    private volatile IReadOnlyList<Measurement<long>> _depths = [];
    private long _deadLetters;
    private long _outboxMessages;
    private long _timers;
    private double _outboxLag;

    public Gauges(NpgsqlDataSource source, PressureReader pressure, QueueDepths queues, IMeterFactory meters, ILogger<Gauges> logger)
    {
        (_source, _pressure, _queues, _logger) = (source, pressure, queues, logger);
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        meter.CreateObservableGauge("orchestrator.job.pressure", () => _pressures, "{machine}", "Machines wanted.");
        meter.CreateObservableGauge("orchestrator.queue.messages", () => _depths, "{message}", "Messages in a queue that no consumer has been given yet.");
        meter.CreateObservableGauge("orchestrator.outbox.messages", () => Volatile.Read(ref _outboxMessages), "{message}", "Committed messages that wait to be published.");
        meter.CreateObservableGauge("orchestrator.outbox.lag", () => Volatile.Read(ref _outboxLag), "s", "Age of the oldest message in the outbox.");
        meter.CreateObservableGauge("orchestrator.timer.pending", () => Volatile.Read(ref _timers), "{timer}", "Timers that are not due yet; an estimate above 10,000.");
        meter.CreateObservableGauge("orchestrator.dead_letters.kept", () => Volatile.Read(ref _deadLetters), "{message}", "Dead letters that nobody replayed or deleted.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        do
        {
            await Task.WhenAll(TryAsync(ReadDatabaseAsync, stoppingToken), TryAsync(ReadQueuesAsync, stoppingToken));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully, TaskScheduler.Default));
    }

    // Whatever it fails with: nobody else would look at the gauges again.
    private async Task TryAsync(Func<CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        try
        {
            await read(cancellationToken);
        }
        catch (Exception exception)
        {
            _logger.LogDebug("Gauges keep their last value: {Reason}", exception.Message);
        }
    }

    private async Task ReadQueuesAsync(CancellationToken cancellationToken)
    {
        // A broker that hangs holds up no stop.
        var depths = await _queues.ReadAsync(cancellationToken).WaitAsync(cancellationToken);
        _depths = [.. depths.Select(depth => new Measurement<long>(depth.Messages, new KeyValuePair<string, object?>("queue", depth.Queue)))];
    }

    private async Task ReadDatabaseAsync(CancellationToken cancellationToken)
    {
        await using (var command = _source.CreateCommand("""
            SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8,
                   (SELECT count(*) FROM dead_letter), (SELECT count(*) FROM (SELECT FROM timer LIMIT 10001) t),
                   (SELECT reltuples::bigint FROM pg_class WHERE oid = 'timer'::regclass)
            FROM outbox
            """))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            Volatile.Write(ref _outboxMessages, reader.GetInt64(0));
            Volatile.Write(ref _outboxLag, reader.GetDouble(1));
            Volatile.Write(ref _deadLetters, reader.GetInt64(2));
            // Counting a hundred thousand every few seconds costs more than the figure is worth.
            Volatile.Write(ref _timers, reader.GetInt64(3) > 10_000 ? Math.Max(reader.GetInt64(3), reader.GetInt64(4)) : reader.GetInt64(3));
        }

        var pressures = await _pressure.ReadAllAsync(cancellationToken);
        _pressures = [.. pressures.Select(entry => new Measurement<long>(
            entry.Value, new("platform", entry.Key.Platform), new("flavor", entry.Key.Flavor)))];
    }
}
