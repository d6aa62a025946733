using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using MassTransit.Serialization;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// A message being handled: whatever its handler publishes, sends or answers commits with the transaction. The
/// transaction is a payload of the context, so that activities can add statements and lines of the timeline to it.
/// </summary>
public sealed class DurableConsumeContext<T> : OutboxConsumeContextProxy<T>
    where T : class
{
    private readonly DurableTransaction _transaction;

    public DurableConsumeContext(ConsumeContext<T> context, IServiceProvider services, DurableTransaction transaction)
        : base(context, new OutboxConsumeOptions(), services)
    {
        _transaction = transaction;
        context.AddOrUpdatePayload(() => transaction, _ => transaction);
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

    /// <summary>Adds a message to those that commit with the transaction.</summary>
    public override Task AddSend<TMessage>(SendContext<TMessage> context)
    {
        var destination = context.DestinationAddress?.Segments[^1] ?? throw new InvalidOperationException($"No destination for {typeof(TMessage)}.");
        var exchange = Uri.UnescapeDataString(destination);
        var isPublished = context.TryGetPayload<PublishContext>(out _);
        _transaction.Publish(new OutboxMessage
        {
            MessageId = (context.MessageId ??= Guid.CreateVersion7()).ToString()!,
            Exchange = exchange,
            RoutingKey = (context as RabbitMqSendContext)?.RoutingKey ?? "",
            IsMandatory = !isPublished,
            ContentType = (context.ContentType ?? context.Serialization.DefaultContentType).ToString(),
            Headers = TransportHeaders(context, exchange),
            Body = context.Serializer.GetMessageBody(context).GetBytes(),
        });
        return Task.CompletedTask;
    }

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
