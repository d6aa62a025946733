namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>The broker cannot be reached, or does not answer in time. Trying again later helps.</summary>
public sealed class BrokerUnavailableException(string message) : Exception(message);
