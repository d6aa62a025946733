using MassTransit;

namespace Orchestrator.Workers.Calls;

/// <summary>Batches: large enough to share a commit, short enough that a single call does not wait to be seen.</summary>
public sealed class InvokeFnConsumerDefinition : ConsumerDefinition<InvokeFnConsumer>
{
    private const int MessageLimit = 200;
    private const int Concurrency = 2;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMilliseconds(5);

    public InvokeFnConsumerDefinition()
    {
        EndpointName = "orchestrator-invoke-fn";
        Endpoint(e => e.PrefetchCount = MessageLimit * (Concurrency + 1));
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<InvokeFnConsumer> consumerConfigurator, IRegistrationContext context) =>
        consumerConfigurator.Options<BatchOptions>(batch => batch
            .SetMessageLimit(MessageLimit).SetTimeLimit(TimeLimit).SetConcurrencyLimit(Concurrency));
}

/// <summary>Commands about one call: a few at a time.</summary>
public abstract class CallCommandDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    protected CallCommandDefinition(string endpoint, int atOnce)
    {
        EndpointName = endpoint;
        ConcurrentMessageLimit = atOnce;
        Endpoint(e => e.PrefetchCount = atOnce);
    }
}

public sealed class CancelCallConsumerDefinition() : CallCommandDefinition<CancelCallConsumer>("orchestrator-cancel-call", 4);

public sealed class RetryCallConsumerDefinition() : CallCommandDefinition<RetryCallConsumer>("orchestrator-retry-call", 4);

/// <summary>Each waits for somebody else's server.</summary>
public sealed class DeliverCallbackConsumerDefinition() : CallCommandDefinition<DeliverCallbackConsumer>("orchestrator-deliver-callback", 16);
