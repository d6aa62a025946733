using MassTransit;
using MassTransit.RabbitMqTransport;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Who sent a message.</summary>
public static class Publishers
{
    public const string ActorHeader = "x-orchestrator-actor";

    /// <summary>
    /// The token that an API request of ours came with, else the broker user that the publisher proved to be, else the
    /// application that it says to be, else <c>bus</c>.
    /// </summary>
    public static string Publisher(this ReceiveContext context)
    {
        if (context.IsFromUs() && context.TransportHeaders.TryGetHeader(ActorHeader, out var actor) && actor is string { Length: > 0 and <= 200 } name)
            return name;
        if (!context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery))
            return "bus";
        return First(delivery.Properties.UserId, delivery.Properties.AppId) ?? "bus";
    }

    /// <summary>
    /// True when the broker vouches that the message was published by the user of our own connection: it refuses a
    /// message whose <c>user_id</c> is not its publisher's.
    /// </summary>
    public static bool IsFromUs(this ReceiveContext context) =>
        context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery)
        && context.TryGetPayload<ConnectionContext>(out var connection)
        && connection.TryGetPayload<RabbitMqHostSettings>(out var host)
        && delivery.Properties.UserId is { Length: > 0 } user
        && string.Equals(user, host.Username, StringComparison.Ordinal);

    private static string? First(params ReadOnlySpan<string?> names)
    {
        foreach (var name in names)
        {
            if (!string.IsNullOrEmpty(name))
                return name.Replace('\0', '\uFFFD');
        }

        return null;
    }
}
