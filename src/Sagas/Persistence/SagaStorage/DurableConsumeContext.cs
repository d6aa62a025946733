using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using MassTransit.Scheduling;
using MassTransit.Serialization;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// A message being handled: whatever its handler publishes, sends, answers or schedules commits with the transaction. The
/// transaction is a payload of the context, so that activities can add statements and lines of the timeline to it.
/// </summary>
public sealed class DurableConsumeContext<T> : OutboxConsumeContextProxy<T>
    where T : class
{
    private readonly DurableTransaction _transaction;

    public DurableConsumeContext(ConsumeContext<T> context, IServiceProvider services, DurableTransaction transaction, TimeProvider time)
        : base(context, new OutboxConsumeOptions(), services)
    {
        _transaction = transaction;
        context.AddOrUpdatePayload(() => transaction, _ => transaction);
        var scheduler = new ConsumeMessageSchedulerContext(
            this, consume => new MessageScheduler(new TimerScheduleProvider(consume, transaction, time), consume.GetPayload<IBusTopology>()));
        context.AddOrUpdatePayload<MessageSchedulerContext>(() => scheduler, _ => scheduler);
    }

    // The store itself decides about repeats and delivers nothing.
    public override bool ContinueProcessing { get; set; } = true;

    public override bool IsMessageConsumed => false;

    public override bool IsOutboxDelivered => true;

    public override int ReceiveCount => 0;

    public override long? LastSequenceNumber => null;

    public override Task SetConsumed() => Task.CompletedTask;

    public override Task SetDelivered() => Task.CompletedTask;

    public override Task<List<OutboxMessageContext>> LoadOutboxMessages() => Task.FromResult<List<OutboxMessageContext>>([]);

    public override Task NotifyOutboxMessageDelivered(OutboxMessageContext message) => Task.CompletedTask;

    public override Task RemoveOutboxMessages() => Task.CompletedTask;

    /// <summary>Adds a message to those that commit with the transaction, at once or as a timer.</summary>
    public override Task AddSend<TMessage>(SendContext<TMessage> context)
    {
        var address = context.DestinationAddress ?? throw new InvalidOperationException($"No destination for {typeof(TMessage)}.");
        var exchange = Uri.UnescapeDataString(address.Segments[^1]);
        var message = new OutboxMessage
        {
            MessageId = (context.MessageId ??= Guid.CreateVersion7()).ToString()!,
            Exchange = exchange,
            RoutingKey = (context as RabbitMqSendContext)?.RoutingKey ?? "",
            // An answer to a process that is gone reaches nobody, whoever keeps it.
            IsMandatory = !IsEvent<TMessage>(address) && !BrokerAddress.IsTemporary(address),
            ContentType = (context.ContentType ?? context.Serialization.DefaultContentType).ToString(),
            Headers = TransportHeaders(context, exchange),
            Body = context.Serializer.GetMessageBody(context).GetBytes(),
        };
        if (context.TryGetPayload<ScheduledSend>(out var scheduled))
            _transaction.Schedule(message, scheduled.Token, scheduled.Delay);
        else
            _transaction.Publish(message);
        return Task.CompletedTask;
    }

    // Of a message on its way out nothing else tells publishing from sending.
    private bool IsEvent<TMessage>(Uri address)
        where TMessage : class =>
        this.GetPayload<IBusTopology>().TryGetPublishAddress<TMessage>(out var published)
        && string.Equals(published.AbsolutePath, address.AbsolutePath, StringComparison.Ordinal);

    private static string TransportHeaders(SendContext context, string exchange)
    {
        var headers = JsonNode.Parse(TraceHeaders.ForPublish(exchange, parent: default))!.AsObject();
        foreach (var header in context.Headers.GetAll())
        {
            if (!headers.ContainsKey(header.Key))
                headers[header.Key] = JsonSerializer.SerializeToNode(header.Value, SystemTextJsonMessageSerializer.Options);
        }

        return headers.ToJsonString();
    }
}
