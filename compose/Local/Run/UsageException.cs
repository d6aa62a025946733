namespace Orchestrator.Local.Run;

/// <summary>The command line is wrong; the message says what, in one line.</summary>
internal sealed class UsageException(string message) : Exception(message);
