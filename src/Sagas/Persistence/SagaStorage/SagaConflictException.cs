namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// Somebody else wrote the saga, or took its unique key, between the look and the write. The message is tried again in
/// a scope of its own, and then finds what the other wrote.
/// </summary>
public sealed class SagaConflictException(string saga, Exception innerException)
    : Exception($"SAGA_CONFLICT: another writer changed {saga} meanwhile.", innerException);
