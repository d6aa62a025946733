using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Persistence.Timers;
using Quartz;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Queues delayed calls when they are due. The call itself is the timer: its row says when. Every process sleeps until the
/// next due time that it knows of; what it stored itself it learns at the commit, everything else when it looks, which
/// Quartz makes it do once a second.
/// </summary>
public sealed class DueCalls(
    NpgsqlDataSource source, CallSignals signals, CallMetrics metrics, IOptions<CallsOptions> options, TimeProvider time, ILogger<DueCalls> logger)
    : BackgroundService
{
    private const int BatchSize = 500;

    /// <summary>Calls that come due within this time of each other are queued together.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan LateBound = TimeSpan.FromMilliseconds(250);

    private readonly NextDue _next = new(time);
    private bool _isAway;

    /// <summary>Looks for calls that are due and for the next one to wait for.</summary>
    public void Look() => Expect(TimeSpan.Zero);

    /// <summary>Says that a call which is committed comes due after a time.</summary>
    public void Expect(TimeSpan delay) => _next.Expect(delay);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            Look();
            while (true)
            {
                await _next.UntilNextAsync(stoppingToken);
                await QueueAsync(stoppingToken);
                await Task.Delay(Spacing, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // They stay in the table, for whoever looks next.
        }
    }

    private async Task QueueAsync(CancellationToken stoppingToken)
    {
        _next.Forget();
        try
        {
            var (count, latest) = await CallTable.PromoteAsync(source, options.Value.AgeingStep, BatchSize, stoppingToken);
            if (count > 0)
                signals.AnnounceQueued();
            if (latest > LateBound)
                metrics.Late(count);
            if (count == BatchSize)
                Look();
            else if (await UntilNextDueAsync(stoppingToken) is { } untilNext)
                Expect(untilNext);
            _isAway = false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            // The next look finds them. Once per outage, not once per look.
            if (!_isAway)
                logger.LogWarning("Delayed calls cannot be queued: {Reason}", exception.GetBaseException().Message);
            _isAway = true;
        }
    }

    private async Task<TimeSpan?> UntilNextDueAsync(CancellationToken stoppingToken)
    {
        await using var command = source.CreateCommand("""
            SELECT least((SELECT due_at FROM call WHERE status = 'delayed' ORDER BY due_at LIMIT 1) - database_now(), interval '1 day')
            """);
        return await command.ExecuteScalarAsync(stoppingToken) as TimeSpan?;
    }
}

/// <summary>Makes this process look for delayed calls again and again. Unlike other duties it is done by every replica at once.</summary>
public sealed class LookForDueCalls(DueCalls calls) : IDuty, IJob
{
    public string Name => "look-for-due-calls";

    public TimeSpan Interval => TimeSpan.FromSeconds(1);

    public Task RunAsync(CancellationToken cancellationToken)
    {
        calls.Look();
        return Task.CompletedTask;
    }

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => new(RunAsync(cancellationToken));
}
