using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>The calls that one slot takes, and executes one after the other. What waits too long behind another leaves for a slot of its own.</summary>
internal sealed class SlotCalls(
    Func<ExecutionStart, Task<IReadOnlyList<ClaimedCall>>> claim, Func<ClaimedCall, Execution> take, Action<Execution> begin, Action<Execution, InvocationOutcome> end)
    : ICallSequence
{
    private readonly Lock _lock = new();
    private readonly Queue<Execution> _waiting = new();
    private Execution? _current;
    private int _executed;
    private bool _hasClaimed;

    /// <summary>The call that executes.</summary>
    public Execution? Current => Volatile.Read(ref _current);

    /// <summary>How many calls are taken, and how many of them have begun.</summary>
    public (int Waiting, int Executed) Progress
    {
        get
        {
            lock (_lock)
                return (_waiting.Count, _executed);
        }
    }

    public async ValueTask<Invocation?> NextAsync(ExecutionStart start)
    {
        if (!_hasClaimed)
        {
            _hasClaimed = true;
            foreach (var call in await claim(start))
                Add(take(call));
        }

        while (Take() is { } execution)
        {
            if (execution.Invocation.Cancellation.IsCancellationRequested)
            {
                end(execution, Cancelled);
                continue;
            }

            begin(execution);
            Volatile.Write(ref _current, execution);
            return execution.Invocation;
        }

        return null;
    }

    public void Ended(InvocationOutcome outcome)
    {
        if (Interlocked.Exchange(ref _current, null) is { } execution)
            end(execution, outcome);
    }

    /// <summary>Those that have not begun; they are not executed here any more.</summary>
    public List<Execution> TakeWaiting()
    {
        lock (_lock)
        {
            List<Execution> waiting = [.. _waiting];
            _waiting.Clear();
            return waiting;
        }
    }

    private void Add(Execution execution)
    {
        lock (_lock)
            _waiting.Enqueue(execution);
    }

    private Execution? Take()
    {
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out var execution))
                return null;
            _executed++;
            return execution;
        }
    }

    private static InvocationOutcome Cancelled => new()
    {
        Failure = InvocationFailure.Cancelled,
        Message = InvocationFailure.Cancelled.Message(),
        Status = InvocationFailure.Cancelled.Status(),
    };
}
