using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Actions;

/// <summary>
/// Looks for attempts that wait in the table although they are due: their messages came when no worker had room, to one
/// that does not know their list of jobs, or never. Also says which lists this worker knows, and watches for attempts
/// that are to be cancelled.
/// </summary>
public sealed class WaitingAttempts(
    AttemptClaims claims, JobExecutor executor, AttemptReports reports, ActionRegistry registry, ActionCatalogue catalogue, NpgsqlDataSource source,
    OutboxOwner owner, IOptions<ActionsOptions> options, ILogger<WaitingAttempts> logger) : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan MissInterval = TimeSpan.FromSeconds(5);

    /// <summary>A message is given so long to arrive.</summary>
    private static readonly TimeSpan MessageTime = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _look = new(1);
    private volatile bool _isLeftBehind;
    private volatile HashSet<string>? _advertised;
    private bool _isAway;

    /// <summary>True once it is known which lists of jobs this worker can run.</summary>
    public bool IsAdvertised => _advertised is not null;

    /// <summary>Says that attempts were left in the table for want of room.</summary>
    public void LeftBehind() => _isLeftBehind = true;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        executor.Ended += LookWhenThereIsRoom;
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await executor.StopAsync(options.Value.StopGrace);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await owner.Locked.WaitAsync(stoppingToken);
            await Task.WhenAll(LookAsync(stoppingToken), WatchAsync(stoppingToken), MissAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is in the table.
        }
    }

    private void LookWhenThereIsRoom(object? sender, EventArgs args)
    {
        if (_isLeftBehind && executor.Free > options.Value.MaxConcurrentJobs / 4)
        {
            _isLeftBehind = false;
            _look.Release();
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var isRoom = await _look.WaitAsync(LookInterval, stoppingToken);
            await DoAsync(() => LookOnceAsync(isRoom ? TimeSpan.Zero : MessageTime, stoppingToken), stoppingToken);
        }
    }

    private async Task LookOnceAsync(TimeSpan waiting, CancellationToken stoppingToken)
    {
        var hashes = registry.Hashes.ToArray();
        foreach (var hash in await claims.UnknownHashesAsync(hashes, stoppingToken))
            await catalogue.DefinitionAsync(hash, stoppingToken);
        await AdvertiseAsync(stoppingToken);
        if (executor.Free is var free and > 0)
        {
            var limit = Math.Min(free, RunJobConsumerDefinition.MessageLimit * 2);
            var claimed = await claims.ClaimWaitingAsync(waiting, limit, [.. registry.Hashes], stoppingToken);
            executor.Start(claimed);
            if (claimed.Count == limit)
                LeftBehind();
        }

        LookWhenThereIsRoom(this, EventArgs.Empty);
    }

    private async Task AdvertiseAsync(CancellationToken stoppingToken)
    {
        var hashes = registry.Hashes.ToHashSet(StringComparer.Ordinal);
        if (_advertised is { } advertised && hashes.SetEquals(advertised))
            return;
        var lists = hashes.Except(_advertised ?? [], StringComparer.Ordinal)
            .Select(registry.FindByHash).OfType<ActionDefinition>().Select(JobList.Of).ToList();
        await JobLists.StoreAsync(source, lists, isStart: true, stoppingToken);
        await JobLists.AdvertiseAsync(source, owner.Id, hashes, stoppingToken);
        _advertised = hashes;
    }

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(WatchInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await DoAsync(() => WatchOnceAsync(stoppingToken), stoppingToken);
    }

    private async Task WatchOnceAsync(CancellationToken stoppingToken)
    {
        var running = executor.Running;
        if (running.Count == 0)
            return;
        var byId = running.ToDictionary(attempt => (attempt.Claimed.DeploymentId, attempt.Claimed.Attempt));
        foreach (var (deployment, attempt, isOurs) in await claims.CancelledAsync([.. running.Select(r => r.Claimed)], stoppingToken))
            byId[(deployment, attempt)].Cancel(isOurs ? CancelReason.StoppedByUser : CancelReason.Fenced);
    }

    private async Task MissAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(MissInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await DoAsync(() => MissOnceAsync(stoppingToken), stoppingToken);
    }

    private async Task MissOnceAsync(CancellationToken stoppingToken)
    {
        foreach (var (deployment, attempt) in await claims.ForgottenAsync([.. executor.Running.Select(r => r.Claimed)], stoppingToken))
        {
            logger.LogWarning("Attempt {Attempt} of deployment {Deployment} is this worker's and does not run; it is run again", attempt, deployment);
            await reports.ReportAsync(new DeploymentEvent(deployment, new AttemptLost(attempt, IsHandedBack: false, options.Value.MaxLosses)));
        }
    }

    private async Task DoAsync(Func<Task> look, CancellationToken stoppingToken)
    {
        try
        {
            await look();
            _isAway = false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            // Once per outage.
            if (!_isAway)
                logger.LogWarning("Waiting jobs cannot be looked for: {Reason}", exception.GetBaseException().Message);
            _isAway = true;
        }
    }
}
