using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Instances;

/// <summary>
/// This worker as a node: it holds a name, renews its lease, and does what the claims on it say. When it is declared lost
/// it ends what it ran and begins a new life.
/// </summary>
public sealed class NodeAgent(
    NpgsqlDataSource source, NodeTable nodes, NodeClaims claims, NodeReports reports, InstanceUpkeep upkeep, HealthProbe probe, IRuntime runtime,
    IOptions<InstancesOptions> instances, IOptions<NodeOptions> node, TimeProvider time, ILogger<NodeAgent> logger) : BackgroundService
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaveGrace = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _news = new(0, 1);
    private readonly SemaphoreSlim _room = new(0, 1);
    private long? _beatsSince;
    private long _lastBeat;
    private NodeLife? _life;

    /// <summary>
    /// Whether this worker's own view has been sound for as long as a lease lasts. Otherwise the database may have been away
    /// for everybody, and a lease that ran out says nothing of its node.
    /// </summary>
    public bool CanJudge =>
        _beatsSince is { } since && time.GetElapsedTime(since) > instances.Value.Lease && time.GetElapsedTime(_lastBeat) < LongestBreak;

    private TimeSpan LongestBreak => (instances.Value.Lease / 2) + instances.Value.Heartbeat;

    /// <summary>The name of the node; null while it has none.</summary>
    public string? Name => _life?.Name;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (node.Value.Enabled)
                    await LiveAsync(stoppingToken);
                else
                    await WatchOnlyAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                logger.LogWarning("The node has to begin anew: {Reason}", exception.GetBaseException().Message);
                await Task.Delay(Pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LiveAsync(CancellationToken stoppingToken)
    {
        var name = await NodeName.TakeAsync(source, node.Value.Name ?? Environment.MachineName, node.Value.Name is not null, stoppingToken);
        try
        {
            var incarnation = await nodes.JoinAsync(NodeCapacity.Describe(name.Value, node.Value, runtime), instances.Value.Lease, stoppingToken);
            using var starts = new SemaphoreSlim(node.Value.ConcurrentStarts);
            var system = await claims.SystemAsync(stoppingToken);
            var tools = new SupervisionTools(system, runtime, reports, probe, instances.Value, node.Value, starts, time, logger);
            var life = _life = new NodeLife(name.Value, incarnation, tools, claims, upkeep);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var beating = BeatAsync(life, ending.Token);
            var listening = Task.CompletedTask;
            try
            {
                await life.SettleAsync(ending.Token);
                if (!await nodes.OpenAsync(life.Name, life.Incarnation, ending.Token))
                    return;
                logger.LogInformation("This worker is node {Node}, incarnation {Incarnation}", life.Name, life.Incarnation);
                var working = Task.WhenAll(LookAsync(life, ending.Token), SweepAsync(life, ending.Token), PlaceAsync(ending.Token));
                listening = ListenAsync(name, ending.Token);
                name = null!;
                await await Task.WhenAny(beating, working, listening);
            }
            finally
            {
                if (stoppingToken.IsCancellationRequested)
                    await LeaveAsync(life);
                await ending.CancelAsync();
                if (!stoppingToken.IsCancellationRequested)
                    await life.DieAsync();
                _life = null;
                // The name is free again: the next life gets it, and no other one.
                await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            if (name is not null)
                await name.DisposeAsync();
        }
    }

    // What is handed over must not come back to a worker that is about to end.
    private async Task LeaveAsync(NodeLife life)
    {
        try
        {
            using var patience = new CancellationTokenSource(Pause, time);
            await nodes.CloseAsync(life.Name, life.Incarnation, patience.Token);
        }
        catch (Exception exception)
        {
            logger.LogWarning("Node {Node} leaves without a word: {Reason}", life.Name, exception.GetBaseException().Message);
        }

        await life.LeaveAsync(LeaveGrace, LeavePatience);
    }

    // The beats are without a break only as long as none is late: a machine that slept has seen nothing meanwhile.
    private void NoteBeat()
    {
        if (_beatsSince is null || time.GetElapsedTime(_lastBeat) >= LongestBreak)
            _beatsSince = time.GetTimestamp();
        _lastBeat = time.GetTimestamp();
    }

    // Ends when the node was declared lost, or another worker has its name.
    private async Task BeatAsync(NodeLife life, CancellationToken ending)
    {
        using var timer = new PeriodicTimer(instances.Value.Heartbeat, time);
        while (await timer.WaitForNextTickAsync(ending))
        {
            try
            {
                if (!await nodes.BeatAsync(life.Name, life.Incarnation, instances.Value.Lease, ending))
                {
                    logger.LogWarning("Node {Node}, incarnation {Incarnation}, was declared lost", life.Name, life.Incarnation);
                    return;
                }

                NoteBeat();
            }
            catch (Exception exception) when (!ending.IsCancellationRequested)
            {
                _beatsSince = null;
                logger.LogWarning("The lease of node {Node} could not be renewed: {Reason}", life.Name, exception.GetBaseException().Message);
            }
        }
    }

    // Ends when another worker took the name while the connection was broken.
    private async Task ListenAsync(NodeName name, CancellationToken ending)
    {
        var current = name;
        try
        {
            while (true)
            {
                try
                {
                    await current.ListenAsync(payload => Heard(payload, current.Value), ending);
                }
                catch (Exception exception) when (!ending.IsCancellationRequested)
                {
                    logger.LogWarning("The name of node {Node} is not held for a moment: {Reason}", current.Value, exception.GetBaseException().Message);
                    await current.DisposeAsync();
                    if (await RetakeAsync(current.Value, ending) is not { } again)
                        return;
                    current = again;
                    Heard(current.Value, current.Value);
                }
            }
        }
        finally
        {
            await current.DisposeAsync();
        }
    }

    private async Task<NodeName?> RetakeAsync(string name, CancellationToken ending)
    {
        // The server may take a moment to see that the old connection is gone; another worker is found out by its heartbeat.
        while (true)
        {
            try
            {
                if (await NodeName.RetakeAsync(source, name, ending) is { } again)
                    return again;
            }
            catch (Exception exception) when (!ending.IsCancellationRequested && Transient.Is(exception))
            {
                logger.LogDebug("The database is away: {Reason}", exception.Message);
            }

            await Task.Delay(Pause, ending);
        }
    }

    private void Heard(string payload, string name)
    {
        if (payload is "*")
            Release(_room);
        if (payload == name)
            Release(_news);

        static void Release(SemaphoreSlim signal)
        {
            try
            {
                signal.Release();
            }
            catch (SemaphoreFullException)
            {
                // It is awake already.
            }
        }
    }

    private Task LookAsync(NodeLife life, CancellationToken ending) => AgainAsync(_news, LookInterval, () => life.LookAsync(ending), "claims", ending);

    private Task SweepAsync(NodeLife life, CancellationToken ending) => AgainAsync(new SemaphoreSlim(0), SweepInterval, () => life.SweepAsync(ending), "containers", ending);

    private Task PlaceAsync(CancellationToken ending) => AgainAsync(_room, Timeout.InfiniteTimeSpan, () => upkeep.PlaceWaitingAsync(ending), "room", ending);

    private async Task AgainAsync(SemaphoreSlim signal, TimeSpan interval, Func<Task> look, string what, CancellationToken ending)
    {
        while (true)
        {
            try
            {
                await look();
            }
            catch (Exception exception) when (!ending.IsCancellationRequested)
            {
                logger.LogWarning("The {What} of the node cannot be looked at: {Reason}", what, exception.GetBaseException().Message);
                await Task.Delay(Pause, ending);
            }

            await signal.WaitAsync(interval, ending);
        }
    }

    private async Task WatchOnlyAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(instances.Value.Heartbeat, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var command = source.CreateCommand("SELECT 1");
                await command.ExecuteScalarAsync(stoppingToken);
                NoteBeat();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                _beatsSince = null;
                logger.LogDebug("The database is away: {Reason}", exception.Message);
            }
        }
    }
}
