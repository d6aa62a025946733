using System.Net.Mime;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;

namespace Orchestrator.Sagas.Messaging;

/// <summary>A message whose body is nobody's contract. Its consumer reads the bytes from the receive context.</summary>
[ExcludeFromTopology]
public sealed record OpaqueDelivery;

/// <summary>Hands every body, readable or not, to the consumer of <see cref="OpaqueDelivery"/>.</summary>
public sealed class OpaqueDeserializer : IMessageDeserializer, ISerializerFactory
{
    private const RawSerializerOptions RawOptions = RawSerializerOptions.AnyMessageType | RawSerializerOptions.CopyHeaders;

    private static readonly JsonElement Empty = JsonElement.Parse("{}"u8);

    public ContentType ContentType { get; } = new("application/octet-stream");

    public IMessageSerializer CreateSerializer() => SystemTextJsonMessageSerializer.Instance;

    public IMessageDeserializer CreateDeserializer() => this;

    public void Probe(ProbeContext context) => context.CreateScope("opaque");

    public ConsumeContext Deserialize(ReceiveContext receiveContext) => new BodyConsumeContext(
        receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null)
    {
        // The bytes belong to the broker's client, which uses them again when the delivery has ended; and a delivery that
        // loses its channel ends before its batch does. The first look makes a copy, and every later one is at that.
        _ = body.GetBytes();
        var message = new ForeignMessageContext(new RawMessageContext(headers, destinationAddress, RawOptions), headers);
        return new SystemTextJsonRawSerializerContext(
            SystemTextJsonMessageSerializer.Instance, WireJson.Options, ContentType, message, [], RawOptions, Empty);
    }

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);
}
