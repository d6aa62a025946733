using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.SagaStorage;
using RabbitMQ.Client;

namespace Orchestrator.Sagas.Persistence.DeadLetters;

/// <summary>A message that could not be handled, as it came, and why.</summary>
public sealed record DeadLetter
{
    private static readonly string[] Secrets = ["authorization", "verification-token", "cookie"];

    public required Guid Id { get; init; }

    /// <summary>The queue that it came from, and goes back to when it is replayed.</summary>
    public required string Queue { get; init; }

    /// <summary>The AMQP message id, null when it had none.</summary>
    public string? MessageId { get; init; }

    public required string Reason { get; init; }
    public string? ErrorType { get; init; }
    public string Exchange { get; init; } = "";
    public string RoutingKey { get; init; } = "";
    public string? ContentType { get; init; }

    /// <summary>The AMQP headers as a JSON object.</summary>
    public string Headers { get; init; } = "{}";

    public required byte[] Body { get; init; }
    public DateTimeOffset FirstSeen { get; init; }
    public string? TraceId { get; init; }

    /// <summary>Makes a dead letter of a message that is being received.</summary>
    public static DeadLetter Of(ReceiveContext context, Exception exception)
    {
        var cause = CauseOf(exception);
        var reason = cause is JsonException ? $"INVALID_FIELD: {cause.Message}" : cause.Message;
        return Of(context, QueueOf(context), reason, cause.GetType().Name);
    }

    /// <summary>Makes a dead letter of a message that is being received.</summary>
    public static DeadLetter Of(ReceiveContext context, string queue, string reason, string? errorType)
    {
        context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery);
        var body = context.GetBody();
        var messageId = delivery?.Properties.MessageId is { } given ? Clean(given) : null;
        return new DeadLetter
        {
            // A redelivery of the same message is the same dead letter. Without a message id the body alone tells.
            Id = NameIds.Of("dead-letter", queue, messageId ?? "", Convert.ToHexString(SHA256.HashData(body))),
            Queue = Clean(queue),
            MessageId = messageId,
            Reason = Clean(reason),
            ErrorType = errorType,
            Exchange = Clean(delivery?.Exchange ?? ""),
            RoutingKey = Clean(delivery?.RoutingKey ?? ""),
            ContentType = delivery?.Properties.ContentType is { } type ? Clean(type) : null,
            Headers = Write(delivery?.Properties.Headers, context.IsFromUs()),
            Body = body,
            TraceId = context.TryGetPayload<MessageTrace>(out var trace) && trace.Context != default
                ? trace.Context.TraceId.ToHexString()
                : null,
        };
    }

    /// <summary>Without everything that the publisher wrote, except the body.</summary>
    public DeadLetter Bare() => this with { MessageId = null, Exchange = "", RoutingKey = "", ContentType = null, Headers = "{}", TraceId = null };

    /// <summary>Name of the queue that a message is received from.</summary>
    public static string QueueOf(ReceiveContext context) => Uri.UnescapeDataString(context.InputAddress.Segments[^1]);

    // The innermost one, except for those that say more than what caused them.
    private static Exception CauseOf(Exception exception)
    {
        for (var at = exception; at is not null; at = at.InnerException)
        {
            if (at is JsonException or InvalidMessageException or SagaConflictException)
                return at;
        }

        return exception.GetBaseException();
    }

    private static string Write(IDictionary<string, object?>? headers, bool isFromUs)
    {
        var json = new JsonObject();
        foreach (var (name, value) in headers ?? new Dictionary<string, object?>(StringComparer.Ordinal))
        {
            // An actor that somebody else claims to be must not come back as ours with a replay.
            if (IsSecret(name) || (name is Publishers.ActorHeader && !isFromUs))
                continue;
            json[Clean(name)] = Node(value);
        }

        return json.ToJsonString();
    }

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        byte[] bytes => Clean(Encoding.UTF8.GetString(bytes)),
        string text => Clean(text),
        bool flag => flag,
        double number when double.IsFinite(number) => number,
        sbyte or byte or short or ushort or int or uint or long => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        AmqpTimestamp time => time.UnixTime,
        decimal number => number,
        BinaryTableValue binary => Clean(Encoding.UTF8.GetString(binary.Bytes)),
        IDictionary<string, object?> table => new JsonObject(table.Where(entry => !IsSecret(entry.Key))
            .Select(entry => KeyValuePair.Create(Clean(entry.Key), Node(entry.Value)))),
        IList list => new JsonArray([.. list.Cast<object?>().Select(Node)]),
        _ => Clean(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };

    private static bool IsSecret(string name) =>
        Secrets.Any(secret => name.Contains(secret, StringComparison.OrdinalIgnoreCase));

    // Postgres stores no NUL.
    private static string Clean(string text) => text.Replace('\0', '\uFFFD');
}
