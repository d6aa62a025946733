namespace Orchestrator.Workers.Calls.Agent;

/// <summary>
/// Calls of one function that a container executes one after the other. For dispatchers, which choose calls only when a
/// container stands ready for them.
/// </summary>
public interface ICallSequence
{
    /// <summary>The call to execute next; null when there is none (any more), and the container goes back.</summary>
    /// <param name="start">The container, ready at this moment.</param>
    /// <exception cref="Exception">Ends the sequence; the container goes back unused.</exception>
    ValueTask<Invocation?> NextAsync(ExecutionStart start);

    /// <summary>Hears how the call that <see cref="NextAsync"/> gave last ended, before the next one is asked for.</summary>
    void Ended(InvocationOutcome outcome);
}
