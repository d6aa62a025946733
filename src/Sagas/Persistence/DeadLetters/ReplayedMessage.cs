using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Persistence.DeadLetters;

/// <summary>Makes of a dead letter the message that it was.</summary>
public static class ReplayedMessage
{
    // What the broker noted about the deliveries before is its own to write.
    private static readonly string[] BrokerHeaders = ["x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count"];

    /// <summary>
    /// Straight to the queue, past every exchange, so that no other queue gets it again. Mandatory: without the queue
    /// it stays in the outbox.
    /// </summary>
    public static OutboxMessage Of(DeadLetter letter) => new()
    {
        // Without an id of its own the next message of the same words must not look like a repeat of this one.
        MessageId = letter.MessageId
            ?? NameIds.Of("replay", letter.Id.ToString(), letter.FirstSeen.UtcTicks.ToString(CultureInfo.InvariantCulture)).ToString(),
        Exchange = "",
        RoutingKey = letter.Queue,
        IsMandatory = true,
        ContentType = letter.ContentType ?? "",
        Headers = Headers(letter.Headers),
        Body = letter.Body,
    };

    private static string Headers(string json)
    {
        var headers = JsonNode.Parse(json)?.AsObject() ?? [];
        foreach (var name in headers.Select(header => header.Key).ToList())
        {
            if (BrokerHeaders.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                headers.Remove(name);
        }

        return headers.ToJsonString();
    }
}
