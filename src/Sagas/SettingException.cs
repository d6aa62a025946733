namespace Orchestrator.Sagas;

/// <summary>A setting is missing or wrong. The message is one line that names its key.</summary>
public sealed class SettingException(string message) : Exception(message);
