namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// Lets a message that is handled within the process join the transaction of whoever sends it: the sender, not the store,
/// enters the inbox and commits. One per scope.
/// </summary>
public sealed class JoinedTransaction
{
    /// <summary>Null: the store begins and commits a transaction of its own.</summary>
    public DurableTransaction? Transaction { get; set; }
}
