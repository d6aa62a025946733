using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>
/// Runs queued calls. It asks the agent for slots in the order of what waits, and takes calls from the table only
/// when a container stands ready for them: the first of their fn at that moment. What has no room is passed over.
/// </summary>
public sealed class CallDispatcher(
    IFunctionAgent agent, CallRounds rounds, FunctionSpecs specs, QueuedRuns runs, CallPace pace, RunningCalls running, CallSignals signals,
    NpgsqlDataSource source, IOptions<CallsOptions> options, ILogger<CallDispatcher> logger) : BackgroundService
{
    /// <summary>How long running calls may take to end when the worker stops; then they are killed.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    /// <summary>More would start slower than they are worth: each start takes a processor for a while.</summary>
    private static readonly int ColdStartsAtOnce = Math.Max(1, Environment.ProcessorCount);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>How many calls of each spec a slot is being got for.</summary>
    private readonly Dictionary<long, int> _starting = [];
    private readonly CancellationTokenSource _writing = new();
    private IReadOnlyList<Backlog> _backlog = [];
    private bool _isStale = true;
    private int _busy;
    private int _cold;
    private Task _rounds = Task.CompletedTask;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        signals.WhenQueued(WakeToLook);
        rounds.WhenRead = backlog =>
        {
            lock (_lock)
                _backlog = backlog;
            Wake();
        };
        rounds.WhenFound = call => _ = RunFoundAsync(call);
        runs.WhenLeft = execution => _ = RunLeftAsync(execution);
        _rounds = Task.Run(() => rounds.RunAsync(_writing.Token), CancellationToken.None);
        return base.StartAsync(cancellationToken);
    }

    /// <summary>Takes no more calls, lets those that run come to their end, kills what does not, and writes it all down.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        for (var clock = Stopwatch.StartNew(); Busy > 0 && clock.Elapsed < StopPatience && !cancellationToken.IsCancellationRequested;)
            await Task.Delay(20, CancellationToken.None);
        await running.CancelAllAsync();
        for (var clock = Stopwatch.StartNew(); Busy > 0 && clock.Elapsed < StopPatience / 3 && !cancellationToken.IsCancellationRequested;)
            await Task.Delay(20, CancellationToken.None);
        await _writing.CancelAsync();
        await Task.WhenAny(_rounds, Task.Delay(StopPatience / 3, CancellationToken.None));
    }

    public override void Dispose()
    {
        _wake.Dispose();
        _writing.Dispose();
        base.Dispose();
    }

    private int Busy
    {
        get
        {
            lock (_lock)
                return _busy;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (!await _wake.WaitAsync(options.Value.PollInterval, stoppingToken))
                    await PollAsync(stoppingToken);
                await DispatchAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is left to others.
        }
    }

    private async Task DispatchAsync(CancellationToken stoppingToken)
    {
        try
        {
            var change = agent.NextChangeAsync(stoppingToken);
            if (await StartAsync(await ReadBacklogAsync(stoppingToken), stoppingToken))
                _ = WakeAfterAsync(change);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning("Waiting calls cannot be started: {Reason}", exception.GetBaseException().Message);
            lock (_lock)
                _isStale = true;
        }
    }

    private async Task<IReadOnlyList<Backlog>> ReadBacklogAsync(CancellationToken stoppingToken)
    {
        lock (_lock)
        {
            // Without a free place there is nothing to look for, and the end of a call brings news.
            if (!_isStale || _busy >= options.Value.Concurrency)
                return _backlog;
            _isStale = false;
        }

        var read = await rounds.ReadBacklogAsync(stoppingToken);
        lock (_lock)
            return _backlog = read;
    }

    /// <summary>Asks for slots in the order of the ranks; true when something waits that has no room.</summary>
    private async Task<bool> StartAsync(IReadOnlyList<Backlog> backlog, CancellationToken stoppingToken)
    {
        var order = Wanted(backlog);
        var full = new HashSet<long>();
        var covered = new Dictionary<long, int>();
        foreach (var specId in order)
        {
            if (full.Contains(specId))
                continue;
            if (covered.TryGetValue(specId, out var calls) && calls > 0)
            {
                covered[specId] = calls - 1;
                continue;
            }

            var spec = await specs.OfAsync(specId, stoppingToken);
            var claim = agent.TryClaim(spec);
            if (claim is null && agent.Exceeds(spec))
            {
                _ = RunAsync(specId, spec, claim: null, most: 1);
                continue;
            }

            var most = pace.AtOnce(specId, spec);
            covered[specId] = most - 1;
            if (claim is null || !TryBegin(specId, spec, claim, most))
            {
                claim?.Dispose();
                full.Add(specId);
                if (IsFull)
                    return false;
            }
        }

        return full.Count > 0;
    }

    private bool IsFull
    {
        get
        {
            lock (_lock)
                return _busy >= options.Value.Concurrency;
        }
    }

    // The specs of the calls to start, call by call in their order; those that a slot is being got for are left out.
    private List<long> Wanted(IReadOnlyList<Backlog> backlog)
    {
        var wanted = new List<(long Rank, long SpecId)>();
        lock (_lock)
        {
            foreach (var waiting in backlog)
            {
                for (var i = _starting.GetValueOrDefault(waiting.SpecId); i < waiting.Ranks.Length; i++)
                    wanted.Add((waiting.Ranks[i], waiting.SpecId));
            }
        }

        wanted.Sort();
        return wanted.ConvertAll(call => call.SpecId);
    }

    private bool TryBegin(long specId, FunctionSpec spec, SlotClaim claim, int most)
    {
        lock (_lock)
        {
            if (_busy >= options.Value.Concurrency || (!claim.IsHot && _cold >= ColdStartsAtOnce))
                return false;
            if (!claim.IsHot)
                _cold++;
        }

        _ = RunAsync(specId, spec, claim, most);
        return true;
    }

    private async Task RunAsync(long specId, FunctionSpec spec, SlotClaim? claim, int most)
    {
        lock (_lock)
        {
            _busy++;
            _starting[specId] = _starting.GetValueOrDefault(specId) + most;
        }

        await Task.Yield();
        var hasGot = 0;
        try
        {
            if (claim is null)
                await runs.FailNextAsync(specId, InvocationFailure.ExceedsMachine, GotSlot);
            else
                await runs.ExecuteNextAsync(specId, spec, claim, most, GotSlot);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "A call of {FnId} could not be run", spec.FnId);
        }
        finally
        {
            GotSlot();
            lock (_lock)
                _busy--;
            Wake();
        }

        // From here on it is not one of those that a container is being got for.
        void GotSlot()
        {
            if (Interlocked.Exchange(ref hasGot, 1) == 1)
                return;
            lock (_lock)
            {
                if ((_starting[specId] -= most) == 0)
                    _starting.Remove(specId);
                if (claim is { IsHot: false })
                    _cold--;
            }
        }
    }

    private async Task RunFoundAsync(ClaimedCall call)
    {
        try
        {
            await RunLeftAsync(runs.Take(call, await specs.OfAsync(call.SpecId, CancellationToken.None)));
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "Call {CallId} could not be run", call.Id);
        }
    }

    private async Task RunLeftAsync(Execution execution)
    {
        lock (_lock)
            _busy++;
        try
        {
            await runs.ExecuteAsync(execution);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "Call {CallId} could not be run", execution.Call.Id);
        }
        finally
        {
            lock (_lock)
                _busy--;
            Wake();
        }
    }

    private async Task PollAsync(CancellationToken stoppingToken)
    {
        lock (_lock)
            _isStale = true;
        try
        {
            await CancelUnheardAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            logger.LogDebug("Cancelled calls cannot be looked for: {Reason}", exception.Message);
        }
    }

    // A signal may have been missed.
    private async Task CancelUnheardAsync(CancellationToken stoppingToken)
    {
        var ids = running.Ids;
        if (ids.Count == 0)
            return;
        await using var command = source.CreateCommand("SELECT id FROM call WHERE id = ANY ($1) AND status = 'cancelled'");
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. ids] });
        await using var reader = await command.ExecuteReaderAsync(stoppingToken);
        while (await reader.ReadAsync(stoppingToken))
            running.Cancel(reader.GetString(0));
    }

    private void WakeToLook()
    {
        lock (_lock)
            _isStale = true;
        Wake();
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
    }

    private async Task WakeAfterAsync(Task change)
    {
        await change.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Wake();
    }
}
