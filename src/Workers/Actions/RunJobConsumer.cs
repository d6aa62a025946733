using MassTransit;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Workers.Actions;

/// <summary>
/// Claims the attempts of a batch of messages and lets them run. What this worker has no room for, or whose list of jobs
/// it does not know, stays in the table, where the next one with room, or with the list, finds it.
/// </summary>
public sealed class RunJobConsumer(
    AttemptClaims claims, JobExecutor executor, ActionRegistry registry, ActionCatalogue catalogue, WaitingAttempts waiting) : IConsumer<Batch<RunJob>>
{
    public async Task Consume(ConsumeContext<Batch<RunJob>> context)
    {
        var messages = context.Message.Select(message => message.Message).ToList();
        var room = messages.Take(executor.Free).ToList();
        if (room.Count < messages.Count)
            waiting.LeftBehind();
        if (room.Count == 0)
            return;
        // What is declared elsewhere this worker can learn at once.
        foreach (var hash in room.Select(message => message.Hash).Distinct(StringComparer.Ordinal))
            await catalogue.DefinitionAsync(hash, context.CancellationToken);
        // The batch serves many deployments; what is claimed goes on in their traces.
        executor.Start(await claims.ClaimAsync(room, [.. registry.Hashes], context.CancellationToken));
    }
}

/// <summary>Batches as the intake of jobs has them.</summary>
public sealed class RunJobConsumerDefinition : ConsumerDefinition<RunJobConsumer>
{
    public const int MessageLimit = 100;
    public const int Concurrency = 2;
    public static readonly TimeSpan TimeLimit = TimeSpan.FromMilliseconds(5);

    public RunJobConsumerDefinition()
    {
        EndpointName = "orchestrator-run-job";
        Endpoint(e => e.PrefetchCount = MessageLimit * (Concurrency + 1));
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<RunJobConsumer> consumerConfigurator, IRegistrationContext context) =>
        consumerConfigurator.Options<BatchOptions>(batch => batch
            .SetMessageLimit(MessageLimit).SetTimeLimit(TimeLimit).SetConcurrencyLimit(Concurrency));
}
