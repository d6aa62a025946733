using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// Writes a contract as MassTransit's JSON envelope, with the trace context in the headers: the form in which every
/// message of ours travels.
/// </summary>
public static class Envelope
{
    public const string ContentType = "application/vnd.masstransit+json";

    /// <summary>Header of a message that a timer sent, as MassTransit's state machines expect it.</summary>
    public const string SchedulingToken = "MT-Scheduling-TokenId";

    private static readonly ConcurrentDictionary<Type, (string Exchange, string Urn)> Names = new();

    /// <summary>
    /// An event that continues a trace. Without <paramref name="parent"/> it continues the current one.
    /// </summary>
    /// <param name="message">A contract with a <see cref="Contracts.MessageNameAttribute"/>.</param>
    /// <param name="sentAt">When it was sent.</param>
    /// <param name="parent">The context of the message or request that caused the event.</param>
    /// <param name="links">Further causes, when one event stands for many.</param>
    public static OutboxMessage Event<T>(
        T message, DateTimeOffset sentAt, ActivityContext parent = default, IEnumerable<ActivityLink>? links = null)
        where T : class =>
        Write(message, sentAt, isMandatory: false, parent, links);

    /// <summary>A command: it stays in the outbox until a queue is there to take it.</summary>
    /// <inheritdoc cref="Event{T}"/>
    public static OutboxMessage Command<T>(T message, DateTimeOffset sentAt, ActivityContext parent = default)
        where T : class =>
        Write(message, sentAt, isMandatory: true, parent, links: null);

    /// <summary>A command that a timer sends; the token of the timer is in its headers, where a saga looks for it.</summary>
    /// <inheritdoc cref="Event{T}"/>
    internal static OutboxMessage Scheduled<T>(T message, Guid token, DateTimeOffset sentAt, ActivityContext parent)
        where T : class =>
        Write(message, sentAt, isMandatory: true, parent, links: null, token);

    /// <summary>An envelope of ours with another id, for a message that is sent again and again.</summary>
    internal static byte[] WithMessageId(byte[] body, Guid id)
    {
        var envelope = JsonNode.Parse(body)!;
        envelope["messageId"] = id;
        return JsonSerializer.SerializeToUtf8Bytes(envelope, JsonSerializerOptions.Default);
    }

    private static OutboxMessage Write<T>(
        T message, DateTimeOffset sentAt, bool isMandatory, ActivityContext parent, IEnumerable<ActivityLink>? links, Guid? token = null)
        where T : class
    {
        var (exchange, urn) = Names.GetOrAdd(
            typeof(T), type => (ExchangeNames.Of(type), $"urn:message:{type.Namespace}:{type.Name}"));
        var id = Guid.CreateVersion7();
        return new OutboxMessage
        {
            MessageId = id.ToString(),
            Exchange = exchange,
            IsMandatory = isMandatory,
            ContentType = ContentType,
            Headers = TraceHeaders.ForPublish(exchange, parent, links),
            Body = Body(message, id, urn, sentAt, token),
        };
    }

    private static byte[] Body<T>(T message, Guid id, string urn, DateTimeOffset sentAt, Guid? token)
        where T : class
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("messageId", id);
            writer.WriteStartArray("messageType");
            writer.WriteStringValue(urn);
            writer.WriteEndArray();
            writer.WritePropertyName("message");
            JsonSerializer.Serialize(writer, message, WireJson.Options);
            writer.WriteString("sentTime", sentAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            if (token is { } scheduled)
            {
                writer.WriteStartObject("headers");
                writer.WriteString(SchedulingToken, scheduled);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
