using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>
/// Gauges of how many rows there are by some column, read in the background, so that a scrape never waits for the database;
/// while it is away they keep their last value.
/// </summary>
/// <param name="source">Where the rows are.</param>
/// <param name="count">A query of three columns: name of the attribute, its value, and how many rows have it.</param>
/// <param name="logger">Told when the database does not answer.</param>
public abstract class CountedRows(NpgsqlDataSource source, string count, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private volatile IReadOnlyList<(string Attribute, Measurement<long> Value)> _counts = [];

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
                logger.LogDebug("Gauges keep their last value: {Reason}", exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully, TaskScheduler.Default));
    }

    /// <summary>The last counts by one attribute.</summary>
    protected IEnumerable<Measurement<long>> By(string attribute) =>
        [.. _counts.Where(read => string.Equals(read.Attribute, attribute, StringComparison.Ordinal)).Select(read => read.Value)];

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var counts = new List<(string, Measurement<long>)>();
        await using var command = source.CreateCommand(count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var attribute = reader.GetString(0);
            counts.Add((attribute, new Measurement<long>(reader.GetInt64(2), new KeyValuePair<string, object?>(attribute, reader.GetString(1)))));
        }

        _counts = counts;
    }
}
