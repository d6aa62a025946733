namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// A message that can never succeed. It goes to the dead letters at once, with this text as the reason.
/// </summary>
/// <param name="code">Stable and upper case, such as <c>INVALID_FIELD</c>.</param>
/// <param name="message">Names the field and says what is allowed.</param>
public sealed class InvalidMessageException(string code, string message) : Exception($"{code}: {message}")
{
    public string Code { get; } = code;
}
