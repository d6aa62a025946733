namespace Orchestrator.Workers.Calls.Agent;

/// <summary>The containers of one revision of a function, and who waits for one.</summary>
internal sealed class FunctionPool(FunctionSpec function)
{
    public FunctionSpec Function { get; } = function;

    /// <summary>The warmest is the last.</summary>
    public List<HotContainer> Idle { get; } = [];

    public HashSet<HotContainer> Busy { get; } = [];

    public int Starting { get; set; }

    /// <summary>First come, first served.</summary>
    public LinkedList<SlotWaiter> Waiters { get; } = [];

    /// <summary>
    /// The original's rule (§5.6): more wait than there are idle containers, and fewer are being started than that; and ours: no
    /// more than the function may have.
    /// </summary>
    public bool NeedsContainer => NeedsAnother(Waiters.Count, Starting, Idle.Count)
        && (Function.MaxConcurrency is not { } most || Idle.Count + Busy.Count + Starting < most);

    public bool IsEmpty => Idle.Count == 0 && Busy.Count == 0 && Starting == 0 && Waiters.Count == 0;

    public static bool NeedsAnother(int waiters, int starting, int idle) => waiters - idle > 0 && starting < waiters - idle;
}

/// <summary>A call that waits for a container.</summary>
internal sealed class SlotWaiter(FunctionPool pool, long arrival)
{
    private readonly TaskCompletionSource<HotContainer> _slot = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FunctionPool Pool { get; } = pool;

    /// <summary>Milliseconds of the system's uptime.</summary>
    public long Arrival { get; } = arrival;

    /// <summary>Its container; faults with a <see cref="FunctionStartException"/>.</summary>
    public Task<HotContainer> Slot => _slot.Task;

    public void Give(HotContainer container) => _slot.SetResult(container);

    public void Fail(Exception exception) => _slot.SetException(exception);
}
