using System.Net.Mime;
using System.Runtime.ExceptionServices;
using MassTransit;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Payloads;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// Raises an event of a state machine without a broker between: the caller owns the transaction and the state. The machine
/// may use the payload that it is given, and nothing of the bus.
/// </summary>
public static class DirectMessage
{
    /// <exception cref="UnhandledEventException">The machine does not say what the event means in this state.</exception>
    public static async Task RaiseAsync<TSaga, TMessage, TPayload>(
        MassTransitStateMachine<TSaga> machine, TSaga saga, Event<TMessage> @event, TMessage message, TPayload payload)
        where TSaga : class, SagaStateMachineInstance
        where TMessage : class
        where TPayload : class
    {
        var detached = new Detached();
        detached.AddOrUpdatePayload(() => payload, _ => payload);
        var consumed = new MessageConsumeContext<TMessage>(detached, message);
        var context = new DefaultSagaConsumeContext<TSaga, TMessage>(consumed, saga);
        try
        {
            await ((StateMachine<TSaga>)machine).RaiseEvent(
                new MassTransitStateMachine<TSaga>.BehaviorContextProxy<TMessage>(machine, context, consumed, @event));
        }
        catch (EventExecutionException exception)
        {
            // The machine wraps what an activity throws; the caller wants to know that.
            Exception cause = exception;
            while (cause is EventExecutionException { InnerException: { } inner })
                cause = inner;
            ExceptionDispatchInfo.Throw(cause);
        }
    }

    private static NotSupportedException OfTheBus() => new("The message did not come by the bus.");

    private sealed class Detached() : BaseConsumeContext(new NothingReceived(), null!)
    {
        private readonly ListPayloadCache _payloads = new();

        public override Task ConsumeCompleted => Task.CompletedTask;
        public override Guid? MessageId => null;
        public override Guid? RequestId => null;
        public override Guid? CorrelationId => null;
        public override Guid? ConversationId => null;
        public override Guid? InitiatorId => null;
        public override DateTime? ExpirationTime => null;
        public override Uri SourceAddress => throw OfTheBus();
        public override Uri DestinationAddress => throw OfTheBus();
        public override Uri ResponseAddress => throw OfTheBus();
        public override Uri FaultAddress => throw OfTheBus();
        public override DateTime? SentTime => null;
        public override Headers Headers => throw OfTheBus();
        public override HostInfo Host => throw OfTheBus();
        public override IEnumerable<string> SupportedMessageTypes => [];

        public override bool HasPayloadType(Type payloadType) => _payloads.HasPayloadType(payloadType);

        public override bool TryGetPayload<TPayload>(out TPayload payload) => _payloads.TryGetPayload(out payload!);

        public override TPayload GetOrAddPayload<TPayload>(PayloadFactory<TPayload> payloadFactory) => _payloads.GetOrAddPayload(payloadFactory);

        public override TPayload AddOrUpdatePayload<TPayload>(PayloadFactory<TPayload> addFactory, UpdatePayloadFactory<TPayload> updateFactory) =>
            _payloads.AddOrUpdatePayload(addFactory, updateFactory);

        public override bool HasMessageType(Type messageType) => false;

        public override bool TryGetMessage<TMessage>(out ConsumeContext<TMessage> consumeContext)
        {
            consumeContext = null!;
            return false;
        }

        public override void AddConsumeTask(Task task)
        {
        }
    }

    private sealed class NothingReceived : BasePipeContext, ReceiveContext
    {
        public TimeSpan ElapsedTime => TimeSpan.Zero;
        public Uri InputAddress => throw OfTheBus();
        public ContentType ContentType => throw OfTheBus();
        public bool Redelivered => false;
        public Headers TransportHeaders => throw OfTheBus();
        public Task ReceiveCompleted => Task.CompletedTask;
        public bool IsDelivered => false;
        public bool IsFaulted => false;
        public ISendEndpointProvider SendEndpointProvider => null!;
        public IPublishEndpointProvider PublishEndpointProvider => null!;
        public bool PublishFaults => false;
        public MessageBody Body => throw OfTheBus();

        public Task NotifyConsumed<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
            where T : class => Task.CompletedTask;

        public Task NotifyFaulted<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
            where T : class => Task.CompletedTask;

        public Task NotifyFaulted(Exception exception) => Task.CompletedTask;

        public void AddReceiveTask(Task task)
        {
        }
    }
}
