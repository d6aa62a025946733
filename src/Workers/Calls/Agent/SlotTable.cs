namespace Orchestrator.Workers.Calls.Agent;

/// <summary>
/// Who gets which container: hands the warmest idle one out, starts one where calls wait for more than there are, makes room by
/// ending what idles of other functions, and ends what idled long enough. All decisions are taken under one lock and are short; starting
/// and killing happen outside of it.
/// </summary>
/// <param name="resources">What there is.</param>
/// <param name="start">Starts a container; what it writes meanwhile goes to the log.</param>
/// <param name="maxLogBytes">How large that log may be.</param>
internal sealed class SlotTable(MachineResources resources, Func<FunctionSpec, CallLog, CancellationToken, Task<HotContainer>> start, int maxLogBytes)
{
    /// <summary>A call that waits longer keeps younger ones of other functions from taking the room that it needs.</summary>
    private const long Patience = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, FunctionPool> _pools = new(StringComparer.Ordinal);
    private readonly HashSet<Task> _leavingTasks = [];
    private (int MemoryMiB, int MilliCpus) _leaving;
    private CancellationTokenSource _starts = new();
    private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isClosed;

    public AgentCapacity Capacity
    {
        get
        {
            lock (_lock)
            {
                return new AgentCapacity(
                    resources.MemoryMiB, resources.UsedMemoryMiB, resources.MilliCpus, resources.UsedMilliCpus,
                    _pools.Values.Sum(pool => pool.Starting), _pools.Values.Sum(pool => pool.Idle.Count),
                    _pools.Values.Sum(pool => pool.Busy.Count), _pools.Values.Sum(pool => pool.Waiters.Count));
            }
        }
    }

    public bool IsClosed
    {
        get
        {
            lock (_lock)
                return _isClosed;
        }
    }

    public bool CanEverHold(FunctionSpec function) => resources.CanEverHold(function);

    /// <summary>Completes at the next change that may free a slot.</summary>
    public Task NextChange
    {
        get
        {
            lock (_lock)
                return _change.Task;
        }
    }

    /// <summary>The warmest idle container, or a place in the queue for one; neither when no more are given.</summary>
    public (HotContainer? Container, SlotWaiter? Waiter) Enter(FunctionSpec function)
    {
        lock (_lock)
        {
            if (_isClosed)
                return default;
            var pool = PoolOf(function);
            if (pool.Waiters.Count == 0 && TakeIdle(pool) is { } container)
                return (container, null);
            var waiter = new SlotWaiter(pool, Environment.TickCount64);
            pool.Waiters.AddLast(waiter);
            Pump();
            return (null, waiter);
        }
    }

    /// <summary>As <see cref="Enter"/>, but only where a container is idle or can be started at once.</summary>
    public (HotContainer? Container, SlotWaiter? Waiter) TryEnter(FunctionSpec function)
    {
        lock (_lock)
        {
            if (_isClosed || !resources.CanEverHold(function))
                return default;
            var pool = PoolOf(function);
            // Those who wait already have all that is idle or being started.
            if (pool.Waiters.Count > pool.Starting)
                return default;
            if (pool.Waiters.Count == 0 && TakeIdle(pool) is { } container)
                return (container, null);
            var waiter = new SlotWaiter(pool, Environment.TickCount64);
            pool.Waiters.AddLast(waiter);
            Pump();
            if (pool.Starting >= pool.Waiters.Count)
                return (null, waiter);
            pool.Waiters.Remove(waiter);
            return default;
        }
    }

    /// <summary>Gives a place in the queue up; false when it has its container already.</summary>
    public bool Leave(SlotWaiter waiter)
    {
        lock (_lock)
            return waiter.Pool.Waiters.Remove(waiter);
    }

    /// <summary>Takes a container back after its call.</summary>
    public void Return(HotContainer container, bool isSpoiled)
    {
        lock (_lock)
        {
            var pool = PoolOf(container.Function);
            pool.Busy.Remove(container);
            if (isSpoiled || _isClosed || container.Exit.IsCompleted)
                End(container);
            else
                MakeIdle(pool, container);
            Changed();
        }
    }

    /// <summary>Ends what idled long enough or died idle, and gives what is to be frozen.</summary>
    public IReadOnlyList<HotContainer> Tidy(TimeSpan pauseAfter)
    {
        List<HotContainer> pausable = [];
        lock (_lock)
        {
            var now = Environment.TickCount64;
            foreach (var pool in _pools.Values.ToList())
            {
                foreach (var container in pool.Idle.ToList())
                {
                    var idle = now - container.IdleSince;
                    if (container.Exit.IsCompleted || idle >= container.Function.IdleTimeout.TotalMilliseconds)
                    {
                        pool.Idle.Remove(container);
                        End(container);
                        Changed();
                    }
                    else if (pauseAfter > TimeSpan.Zero && !container.IsPaused && idle >= pauseAfter.TotalMilliseconds)
                    {
                        // Nobody gets it until it is frozen, and then it is idle again.
                        pool.Idle.Remove(container);
                        pool.Busy.Add(container);
                        pausable.Add(container);
                    }
                }

                if (pool.IsEmpty)
                    _pools.Remove(pool.Function.Revision);
            }

            Pump();
        }

        return pausable;
    }

    /// <summary>Takes a container back that was frozen; it has idled all the while.</summary>
    public void ReturnPaused(HotContainer container)
    {
        lock (_lock)
        {
            var pool = PoolOf(container.Function);
            var since = container.IdleSince;
            pool.Busy.Remove(container);
            if (_isClosed || container.Exit.IsCompleted)
                End(container);
            else
                MakeIdle(pool, container, since);
            Changed();
        }
    }

    public IReadOnlyList<HotContainer> Busy()
    {
        lock (_lock)
            return [.. _pools.Values.SelectMany(pool => pool.Busy)];
    }

    /// <summary>Gives no more containers; who waits is refused, what idles ends, and starts are broken off.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _starts.Cancel();
            foreach (var pool in _pools.Values)
            {
                foreach (var waiter in pool.Waiters)
                    waiter.Fail(new FunctionStartException(InvocationFailure.Fenced, InvocationFailure.Fenced.Status(), InvocationFailure.Fenced.Message()));
                pool.Waiters.Clear();
                foreach (var container in pool.Idle)
                    End(container);
                pool.Idle.Clear();
            }

            Changed();
        }
    }

    public void Open()
    {
        lock (_lock)
        {
            _starts.Dispose();
            _starts = new CancellationTokenSource();
            _isClosed = false;
            Changed();
        }
    }

    /// <summary>Waits until nothing runs, idles, starts or dies any more.</summary>
    public async Task UntilEmptyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task change;
            Task[] leaving;
            lock (_lock)
            {
                if (_leavingTasks.Count == 0 && _pools.Values.All(pool => pool is { Busy.Count: 0, Idle.Count: 0, Starting: 0 }))
                    return;
                change = _change.Task;
                leaving = [.. _leavingTasks];
            }

            await Task.WhenAny([change, .. leaving]).WaitAsync(cancellationToken);
        }
    }

    private FunctionPool PoolOf(FunctionSpec function)
    {
        if (!_pools.TryGetValue(function.Revision, out var pool))
            _pools[function.Revision] = pool = new FunctionPool(function);
        return pool;
    }

    private HotContainer? TakeIdle(FunctionPool pool)
    {
        while (pool.Idle.Count > 0)
        {
            var container = pool.Idle[^1];
            pool.Idle.RemoveAt(pool.Idle.Count - 1);
            if (container.Exit.IsCompleted)
            {
                End(container);
                continue;
            }

            pool.Busy.Add(container);
            return container;
        }

        return null;
    }

    private void MakeIdle(FunctionPool pool, HotContainer container, long? since = null)
    {
        container.IdleSince = since ?? Environment.TickCount64;
        pool.Idle.Add(container);
        // Somebody who waited for long with another function may need its room more than the next of its own.
        if (pool.Waiters.First is not { } next || OldestBlocked() is { } blocked && blocked.Arrival < next.Value.Arrival)
            Pump();
        ServeWaiters(pool);
    }

    private void ServeWaiters(FunctionPool pool)
    {
        while (pool.Waiters.First is { } first && TakeIdle(pool) is { } container)
        {
            pool.Waiters.RemoveFirst();
            first.Value.Give(container);
        }
    }

    private SlotWaiter? OldestBlocked()
    {
        SlotWaiter? oldest = null;
        foreach (var pool in _pools.Values)
        {
            if (pool.NeedsContainer && pool.Waiters.First is { } first && first.Value.Arrival < (oldest?.Arrival ?? long.MaxValue))
                oldest = first.Value;
        }

        return oldest is not null && Environment.TickCount64 - oldest.Arrival > Patience ? oldest : null;
    }

    // Starts what is needed, those who wait longest first.
    private void Pump()
    {
        if (_isClosed)
            return;
        foreach (var pool in Needy())
        {
            while (pool.NeedsContainer)
            {
                if (!resources.CanHold(pool.Function))
                {
                    MakeRoom(pool);
                    break;
                }

                resources.Take(pool.Function);
                pool.Starting++;
                _ = StartAsync(pool, _starts.Token);
            }

            if (pool.NeedsContainer && pool.Waiters.First is { } first && Environment.TickCount64 - first.Value.Arrival > Patience && !resources.CanHold(pool.Function))
                return;
        }
    }

    private IEnumerable<FunctionPool> Needy()
    {
        List<FunctionPool>? needy = null;
        foreach (var pool in _pools.Values)
        {
            if (pool.NeedsContainer)
                (needy ??= []).Add(pool);
        }

        return needy is null ? [] : needy.Count == 1 ? needy : needy.OrderBy(pool => pool.Waiters.First!.Value.Arrival);
    }

    private void MakeRoom(FunctionPool pool)
    {
        var idle = _pools.Values.Where(other => other != pool).SelectMany(other => other.Idle).OrderBy(container => container.IdleSince);
        foreach (var container in resources.Evict(pool.Function, idle, _leaving))
        {
            PoolOf(container.Function).Idle.Remove(container);
            End(container);
        }
    }

    private async Task StartAsync(FunctionPool pool, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var log = new CallLog(maxLogBytes);
        HotContainer? container = null;
        Exception? fault = null;
        try
        {
            container = await start(pool.Function, log, cancellationToken);
        }
        catch (Exception exception)
        {
            fault = exception;
        }

        lock (_lock)
        {
            pool.Starting--;
            if (container is null)
            {
                resources.GiveBack(pool.Function);
                // The pool may have been given up meanwhile, but not while somebody waits in it.
                if (pool.Waiters.First is { } first && fault is not OperationCanceledException)
                {
                    pool.Waiters.RemoveFirst();
                    fault!.Data[LogKey] = log;
                    first.Value.Fail(fault);
                }

                Pump();
            }
            else if (_isClosed)
            {
                End(container);
            }
            else
            {
                _pools.TryAdd(pool.Function.Revision, pool);
                MakeIdle(PoolOf(pool.Function), container);
            }

            Changed();
        }
    }

    /// <summary>Under this key an exception of a failed start has its <see cref="CallLog"/>.</summary>
    public const string LogKey = "log";

    // Its room is free when it is dead.
    private void End(HotContainer container)
    {
        _leaving = (_leaving.MemoryMiB + container.Function.MemoryMiB, _leaving.MilliCpus + container.Function.MilliCpus);
        var task = EndAsync(container);
        if (!task.IsCompleted)
        {
            _leavingTasks.Add(task);
            _ = task.ContinueWith(
                done =>
                {
                    lock (_lock)
                    {
                        _leavingTasks.Remove(done);
                        Changed();
                    }
                },
                TaskScheduler.Default);
        }
    }

    private async Task EndAsync(HotContainer container)
    {
        await Task.Yield();
        try
        {
            await container.DisposeAsync();
        }
        finally
        {
            lock (_lock)
            {
                _leaving = (_leaving.MemoryMiB - container.Function.MemoryMiB, _leaving.MilliCpus - container.Function.MilliCpus);
                resources.GiveBack(container.Function);
                Pump();
                Changed();
            }
        }
    }

    private void Changed()
    {
        _change.TrySetResult();
        _change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
