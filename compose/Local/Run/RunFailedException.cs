namespace Orchestrator.Local.Run;

/// <summary><c>./run</c> cannot go on; the message is all that the user needs to see.</summary>
internal sealed class RunFailedException(string message) : Exception(message);
