namespace Orchestrator.Sagas.Outbound;

/// <summary>A request to a target that is not allowed; trying again does not help.</summary>
public sealed class OutboundRefusedException(string message) : Exception(message);
