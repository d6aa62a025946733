using MassTransit;

namespace Orchestrator.Sagas.Messaging;

/// <summary>The context of a plain message, with an id even where the publisher's is no Guid.</summary>
public sealed class ForeignMessageContext(MessageContext context, Headers transportHeaders) : MessageContext
{
    public Guid? MessageId { get; } = transportHeaders.TryGetHeader(nameof(MessageId), out var id) && id is string { Length: > 0 } text
        ? NameIds.OfMessageId(text)
        : null;

    public Guid? RequestId => context.RequestId;
    public Guid? CorrelationId => context.CorrelationId;
    public Guid? ConversationId => context.ConversationId;
    public Guid? InitiatorId => context.InitiatorId;
    public DateTime? ExpirationTime => context.ExpirationTime;
    public Uri? SourceAddress => context.SourceAddress;
    public Uri? DestinationAddress => context.DestinationAddress;
    public Uri? ResponseAddress => context.ResponseAddress;
    public Uri? FaultAddress => context.FaultAddress;
    public DateTime? SentTime => null;
    public Headers Headers => context.Headers;
    public HostInfo Host => context.Host;
}
