namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>There is nothing on the broker yet, or no longer, that could take a message.</summary>
public sealed class MissingExchangeException(string exchange) : Exception($"There is no exchange {exchange}.");
