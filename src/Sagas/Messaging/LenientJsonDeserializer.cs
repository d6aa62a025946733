using System.Buffers;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// Reads plain JSON from foreign publishers: any or no content type, camelCase, PascalCase or snake_case at the top
/// level, any message id. A MassTransit envelope that travels as <c>application/json</c> is read as what it is.
/// Each queue takes one message type, so a plain body needs to name none.
/// </summary>
public sealed class LenientJsonDeserializer : IMessageDeserializer, ISerializerFactory
{
    private const RawSerializerOptions RawOptions = RawSerializerOptions.AnyMessageType | RawSerializerOptions.CopyHeaders;

    public ContentType ContentType { get; } = new("application/json");

    public IMessageSerializer CreateSerializer() => SystemTextJsonMessageSerializer.Instance;

    public IMessageDeserializer CreateDeserializer() => this;

    public void Probe(ProbeContext context) => context.CreateScope("lenientJson");

    public ConsumeContext Deserialize(ReceiveContext receiveContext) => new BodyConsumeContext(
        receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null)
    {
        var element = Parse(body.GetBytes());
        if (IsEnvelope(element))
            return SystemTextJsonMessageSerializer.Instance.Deserialize(body, headers, destinationAddress);
        var message = new ForeignMessageContext(new RawMessageContext(headers, destinationAddress, RawOptions), headers);
        return new SystemTextJsonRawSerializerContext(
            SystemTextJsonMessageSerializer.Instance, WireJson.Options, ContentType, message, [], RawOptions, WithoutUnderscores(element));
    }

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    private static JsonElement Parse(byte[] body)
    {
        JsonElement element;
        try
        {
            var text = body.AsSpan();
            element = JsonElement.Parse(text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text);
        }
        catch (JsonException exception)
        {
            throw new InvalidMessageException("MALFORMED_JSON", $"The body is not JSON: {exception.Message}");
        }

        return element.ValueKind is JsonValueKind.Object
            ? element
            : throw new InvalidMessageException("MALFORMED_JSON", $"The body must be a JSON object, not {element.ValueKind}.");
    }

    private static bool IsEnvelope(JsonElement element) =>
        element.TryGetProperty("messageType", out var types) && types.ValueKind is JsonValueKind.Array
        && element.TryGetProperty("message", out var message) && message.ValueKind is JsonValueKind.Object;

    // created_at becomes createdat, which is read case-insensitively. Values, payloads among them, stay as they are.
    private static JsonElement WithoutUnderscores(JsonElement element)
    {
        if (!element.EnumerateObject().Any(property => property.Name.Contains('_', StringComparison.Ordinal)))
            return element;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in element.EnumerateObject())
            {
                writer.WritePropertyName(property.Name.Replace("_", "", StringComparison.Ordinal));
                property.Value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
