using MassTransit;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Who sent a message.</summary>
public static class Publishers
{
    public const string ActorHeader = "x-orchestrator-actor";

    /// <summary>
    /// The token that an API request came with, else the broker user that the publisher proved to be, else the
    /// application that it says to be, else <c>bus</c>.
    /// </summary>
    public static string Publisher(this ReceiveContext context)
    {
        if (context.TransportHeaders.TryGetHeader(ActorHeader, out var actor) && actor is string { Length: > 0 and <= 200 } name)
            return name;
        if (!context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery))
            return "bus";
        return First(delivery.Properties.UserId, delivery.Properties.AppId) ?? "bus";
    }

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
