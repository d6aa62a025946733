namespace Orchestrator.Sagas.Messaging;

/// <summary>Where a MassTransit address leads on the broker.</summary>
/// <param name="Exchange">Empty: the default exchange.</param>
/// <param name="RoutingKey">On the default exchange the name of a queue.</param>
public readonly record struct BrokerAddress(string Exchange, string RoutingKey)
{
    /// <summary>
    /// Reads <c>queue:NAME</c>, <c>exchange:NAME</c>, <c>topic:NAME</c> and <c>rabbitmq://host/vhost/NAME</c>, where
    /// <c>bind=true</c> makes it the queue's. Null for anything else.
    /// </summary>
    public static BrokerAddress? Of(Uri? address)
    {
        if (address is not { IsAbsoluteUri: true })
            return null;
        var (name, isQueue) = address.Scheme switch
        {
            "queue" => (address.AbsolutePath, true),
            "exchange" or "topic" => (address.AbsolutePath, false),
            "rabbitmq" or "rabbitmqs" or "amqp" or "amqps" => (address.Segments[^1], IsBound(address)),
            _ => ("", false),
        };
        name = Uri.UnescapeDataString(name).Trim('/');
        if (name.Length is 0 or > 255)
            return null;
        return isQueue ? new BrokerAddress("", name) : new BrokerAddress(name, "");
    }

    private static bool IsBound(Uri address) => Has(address, "bind=true");

    /// <summary>True for the address of an endpoint that ends with its process, such as that of an answer.</summary>
    public static bool IsTemporary(Uri address) => Has(address, "temporary=true") || Has(address, "autodelete=true");

    private static bool Has(Uri address, string parameter) =>
        address.Query.TrimStart('?').Split('&').Contains(parameter, StringComparer.OrdinalIgnoreCase);
}
