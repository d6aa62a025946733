using MassTransit;

namespace Orchestrator.Workers.Jobs;

/// <summary>Batches: large enough to share a commit, short enough that a single message does not wait to be seen.</summary>
public abstract class JobBatchDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    public const int MessageLimit = 200;
    public const int Concurrency = 2;
    public static readonly TimeSpan TimeLimit = TimeSpan.FromMilliseconds(10);

    protected JobBatchDefinition(string endpoint)
    {
        EndpointName = endpoint;
        Endpoint(e => e.PrefetchCount = MessageLimit * (Concurrency + 1));
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<TConsumer> consumerConfigurator, IRegistrationContext context) =>
        consumerConfigurator.Options<BatchOptions>(batch => batch
            .SetMessageLimit(MessageLimit).SetTimeLimit(TimeLimit).SetConcurrencyLimit(Concurrency));
}

public sealed class EnqueueJobConsumerDefinition() : JobBatchDefinition<EnqueueJobConsumer>("orchestrator-enqueue-job");

public sealed class StartJobConsumerDefinition() : JobBatchDefinition<StartJobConsumer>("orchestrator-start-job");

public sealed class CompleteJobConsumerDefinition() : JobBatchDefinition<CompleteJobConsumer>("orchestrator-complete-job");
