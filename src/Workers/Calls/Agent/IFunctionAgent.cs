namespace Orchestrator.Workers.Calls.Agent;

/// <summary>
/// Runs functions on this machine: keeps their hot containers, hands each one call at a time, and shares the machine's
/// memory and processors among them. It knows nothing of call rows; what must be durable is done in
/// <see cref="Invocation.OnStart"/> and after the outcome.
/// </summary>
public interface IFunctionAgent
{
    /// <summary>
    /// Runs one call to its end, good or bad. The outcome is returned only when nothing of the call runs any more: after a
    /// timeout, a cancellation or a broken answer the container's whole process group is dead first.
    /// </summary>
    /// <param name="invocation">The call.</param>
    /// <param name="cancellationToken">Cancels the call: while it waits, at once; while it runs, by killing its container.</param>
    Task<InvocationOutcome> InvokeAsync(Invocation invocation, CancellationToken cancellationToken);

    /// <summary>
    /// Executes calls in one container, one after the other, until there are no more, or one of them leaves it dead. What holds for the
    /// outcome of <see cref="InvokeAsync"/> holds for each of theirs.
    /// </summary>
    /// <param name="function">Whose calls they are.</param>
    /// <param name="claim">The slot.</param>
    /// <param name="placementBudget">How long its container may take to start.</param>
    /// <param name="calls">The calls.</param>
    /// <returns>Why no container became ready; null when one did.</returns>
    Task<InvocationOutcome?> ServeAsync(FunctionSpec function, SlotClaim claim, TimeSpan placementBudget, ICallSequence calls);

    /// <summary>
    /// Takes a slot for a call to come, without waiting: an idle container, or room to start one. Null when there is neither, or
    /// when others wait for the same function already. For dispatchers that take a call from a queue only when it can start.
    /// </summary>
    SlotClaim? TryClaim(FunctionSpec function);

    /// <summary>
    /// Completes when something has changed that may let a <see cref="TryClaim"/> succeed that failed before: a call ended, a
    /// container died. Ask for it before trying, so that no change is missed.
    /// </summary>
    Task NextChangeAsync(CancellationToken cancellationToken);

    /// <summary>What the machine has and what is taken.</summary>
    AgentCapacity Capacity { get; }

    /// <summary>Whether a function asks for more than this machine has, so that no wait would help.</summary>
    bool Exceeds(FunctionSpec function);

    /// <summary>
    /// Kills every container at once, with the calls in them, and starts no more until <see cref="Resume"/>: for a worker that
    /// lost its lease. Returns when all are dead.
    /// </summary>
    Task FenceAsync();

    /// <summary>Lifts a <see cref="FenceAsync"/>.</summary>
    void Resume();
}

/// <summary>
/// A slot that is kept for one call. Give it to <see cref="Invocation.Claim"/> or <see cref="IFunctionAgent.ServeAsync"/>, or dispose it to give it back; a claim that was
/// used ignores its disposal.
/// </summary>
public abstract class SlotClaim : IDisposable
{
    /// <summary>Whether the container is warm.</summary>
    public abstract bool IsHot { get; }

    public abstract void Dispose();
}

/// <summary>What the machine has for functions, and what their containers hold.</summary>
public sealed record AgentCapacity(
    int MemoryMiB, int UsedMemoryMiB, int MilliCpus, int UsedMilliCpus, int Starting, int Idle, int Busy, int Waiting);
