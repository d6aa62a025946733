using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>
/// Fires timers when they are due. Every process sleeps until the next due time that it knows of: what it set itself it
/// learns at the commit, everything else when it looks, which Quartz makes it do once a second. Then it claims what is
/// due. No timer belongs to a process, so none is lost with one.
/// </summary>
public sealed class DueTimers(
    NpgsqlDataSource source,
    OutboxOwner owner,
    OutboxRelay relay,
    IOptions<TimerOptions> options,
    OrchestratorMetrics metrics,
    TimeProvider time,
    ILogger<DueTimers> logger) : BackgroundService
{
    private const int BatchSize = 500;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _isSooner = new(0);

    /// <summary>When to look next, as a timestamp of the process; never, when nothing is known to be pending.</summary>
    private long _next = long.MaxValue;
    private bool _isAway;

    /// <summary>Looks for timers that are due and for the next one to wait for.</summary>
    public void Look() => Expect(TimeSpan.Zero);

    /// <summary>Says that a timer which is committed comes due after a time.</summary>
    public void Expect(TimeSpan delay)
    {
        var now = time.GetTimestamp();
        var ticks = Math.Max(0, delay.TotalSeconds) * time.TimestampFrequency;
        var at = ticks < long.MaxValue - now ? now + (long)ticks : long.MaxValue;
        lock (_lock)
        {
            if (at >= _next)
                return;
            _next = at;
        }

        _isSooner.Release();
    }

    /// <summary>As <see cref="Expect(TimeSpan)"/>, for a time. The database's clock decides; it is asked when the time seems near.</summary>
    internal void Expect(DateTimeOffset dueAt) => Expect(dueAt - time.GetUtcNow());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await owner.Locked.WaitAsync(stoppingToken);
            Look();
            while (true)
            {
                await UntilNextAsync(stoppingToken);
                await FireAsync(stoppingToken);
                await Task.Delay(options.Value.Spacing, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is not claimed is still in the table.
        }
    }

    private async Task UntilNextAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            long next;
            lock (_lock)
                next = _next;
            var now = time.GetTimestamp();
            if (next <= now)
                return;
            var wait = next == long.MaxValue ? TimeSpan.FromDays(1) : time.GetElapsedTime(now, next);
            var milliseconds = Math.Min(Math.Ceiling(wait.TotalMilliseconds), TimeSpan.FromDays(1).TotalMilliseconds);
            await _isSooner.WaitAsync((int)milliseconds, stoppingToken);
        }
    }

    private async Task FireAsync(CancellationToken stoppingToken)
    {
        if (!relay.HasRoom)
            return;
        lock (_lock)
            _next = long.MaxValue;
        try
        {
            var due = await TimerTable.ClaimDueAsync(source, owner.Id, BatchSize, stoppingToken);
            relay.HandOver(due.Messages);
            foreach (var lateness in due.Lateness)
                metrics.TimerFired(lateness);
            if (due.Messages.Count == BatchSize)
                Look();
            else if (due.UntilNext is { } untilNext)
                Expect(untilNext);
            _isAway = false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            // The next look finds them. Once per outage, not once per look.
            if (!_isAway)
                logger.LogWarning("Timers cannot fire: {Reason}", exception.GetBaseException().Message);
            _isAway = true;
        }
    }
}
