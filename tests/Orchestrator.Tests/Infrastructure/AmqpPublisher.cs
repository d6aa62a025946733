using System.Text;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Infrastructure;

/// <summary>A native client with confirms, as a publisher that knows nothing of MassTransit.</summary>
public sealed class AmqpPublisher : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private AmqpPublisher(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<AmqpPublisher> ConnectAsync(Place place)
    {
        var connection = await new ConnectionFactory { Uri = place.Amqp }.CreateConnectionAsync();
        return new AmqpPublisher(connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true)));
    }

    /// <summary>Publishes a body and waits for the confirm.</summary>
    public Task PublishAsync(string exchange, string body, string? messageId = null, string routingKey = "", params (string Key, object Value)[] headers) =>
        PublishAsync(exchange, Encoding.UTF8.GetBytes(body), messageId, routingKey, headers);

    /// <inheritdoc cref="PublishAsync(string, string, string?, string, ValueTuple{string, object}[])"/>
    public async Task PublishAsync(string exchange, byte[] body, string? messageId = null, string routingKey = "", params (string Key, object Value)[] headers)
    {
        var properties = new BasicProperties
        {
            MessageId = messageId,
            DeliveryMode = DeliveryModes.Persistent,
            Headers = headers.ToDictionary(h => h.Key, h => (object?)h.Value, StringComparer.Ordinal),
        };
        await _channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, body);
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
