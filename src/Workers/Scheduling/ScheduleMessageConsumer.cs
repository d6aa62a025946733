using MassTransit;
using MassTransit.Scheduling;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Scheduling;

/// <summary>Serves MassTransit's <c>ScheduleMessage</c>: sets a timer, on the database's clock, that sends the payload.</summary>
public sealed class ScheduleMessageConsumer(SingleMessage single) : IConsumer<ScheduleMessage>
{
    public Task Consume(ConsumeContext<ScheduleMessage> context) => single.HandleAsync(context, "schedule-message", transaction =>
    {
        transaction.Schedule(Payload(context), context.Message.CorrelationId, UtcTime(context.Message.ScheduledTime));
        return Task.CompletedTask;
    });

    private static OutboxMessage Payload(ConsumeContext<ScheduleMessage> context)
    {
        var message = context.Message;
        var (exchange, routingKey) = BrokerAddress.Of(message.Destination)!.Value;
        // That of the request: a request that comes twice sends its payload with one id.
        var id = context.MessageId ?? NameIds.Of("scheduled", message.CorrelationId.ToString());
        var send = new MassTransit.Context.MessageSendContext<ScheduleMessage>(message)
        {
            MessageId = id,
            CorrelationId = context.CorrelationId,
            ConversationId = context.ConversationId,
            InitiatorId = context.InitiatorId,
            RequestId = context.RequestId,
            SourceAddress = context.SourceAddress,
            DestinationAddress = message.Destination,
            ResponseAddress = context.ResponseAddress,
            FaultAddress = context.FaultAddress,
            SupportedMessageTypes = message.PayloadType,
        };
        foreach (var header in context.Headers.GetAll())
            send.Headers.Set(header.Key, header.Value);
        send.Headers.Set(Envelope.SchedulingToken, message.CorrelationId.ToString());
        var serializer = context.SerializerContext.GetMessageSerializer(message.Payload, message.PayloadType);
        return new OutboxMessage
        {
            MessageId = id.ToString(),
            Exchange = exchange,
            RoutingKey = routingKey,
            IsMandatory = true,
            ContentType = serializer.ContentType.ToString(),
            Headers = TraceHeaders.ForPublish(exchange.Length > 0 ? exchange : routingKey, context.Trace()),
            Body = serializer.GetMessageBody(send).GetBytes(),
        };
    }

    private static DateTimeOffset UtcTime(DateTime time) =>
        time.Kind is DateTimeKind.Local ? new DateTimeOffset(time) : new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
