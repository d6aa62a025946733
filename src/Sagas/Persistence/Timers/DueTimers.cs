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

    private readonly NextDue _next = new(time);
    private bool _isAway;

    /// <summary>Looks for timers that are due and for the next one to wait for.</summary>
    public void Look() => Expect(TimeSpan.Zero);

    /// <summary>Says that a timer which is committed comes due after a time.</summary>
    public void Expect(TimeSpan delay) => _next.Expect(delay);

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
                await _next.UntilNextAsync(stoppingToken);
                await FireAsync(stoppingToken);
                await Task.Delay(options.Value.Spacing, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is not claimed is still in the table.
        }
    }

    private async Task FireAsync(CancellationToken stoppingToken)
    {
        if (!relay.HasRoom)
            return;
        _next.Forget();
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
