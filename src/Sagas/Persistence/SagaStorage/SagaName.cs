using MassTransit;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>What a saga type is called in stored data: in the inbox, in its locks and in its timeline. It never changes.</summary>
/// <param name="Value">Lower case words with hyphens.</param>
public sealed record SagaName<TSaga>(string Value)
    where TSaga : class, ISaga;
