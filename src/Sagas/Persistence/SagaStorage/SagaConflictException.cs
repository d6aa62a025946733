namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// Somebody else wrote the saga, or took its unique key, between the look and the write. The message is tried again in
/// a scope of its own, and then finds what the other wrote.
/// </summary>
public sealed class SagaConflictException : Exception
{
    private SagaConflictException(string message, bool isKeyTaken, Exception innerException)
        : base(message, innerException) => IsKeyTaken = isKeyTaken;

    /// <summary>True when another saga has the key: unless the message is for that one, trying again does not help.</summary>
    public bool IsKeyTaken { get; }

    public static SagaConflictException OfWriter(string saga, Exception cause) =>
        new($"SAGA_CONFLICT: another writer changed {saga} meanwhile.", isKeyTaken: false, cause);

    public static SagaConflictException OfKey(string saga, string? constraint, Exception cause) =>
        new($"SAGA_KEY_TAKEN: another {saga} has this key already ({constraint}).", isKeyTaken: true, cause);
}
