using System.Collections.Concurrent;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Orchestrator.Tests.Messaging;

/// <summary>An event as a consumer outside sees it.</summary>
public sealed record ReceivedEvent(string Exchange, string MessageId, JsonElement Message, IReadOnlyDictionary<string, object?> Headers);

/// <summary>A queue of a test's own that is bound to event exchanges.</summary>
public sealed class EventQueue : IAsyncDisposable
{
    private readonly IConnection _connection;

    private EventQueue(IConnection connection) => _connection = connection;

    public ConcurrentQueue<ReceivedEvent> Events { get; } = new();

    public static async Task<EventQueue> BindAsync(Place place, params string[] exchanges)
    {
        var factory = new ConnectionFactory { Uri = place.Amqp, AutomaticRecoveryEnabled = false };
        var queue = new EventQueue(await factory.CreateConnectionAsync());
        var channel = await queue._connection.CreateChannelAsync();
        var name = (await channel.QueueDeclareAsync()).QueueName;
        foreach (var exchange in exchanges)
        {
            await channel.ExchangeDeclareAsync(exchange, "fanout", durable: true);
            await channel.QueueBindAsync(name, exchange, "");
        }

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            using var envelope = JsonDocument.Parse(delivery.Body);
            queue.Events.Enqueue(new ReceivedEvent(
                delivery.Exchange, delivery.BasicProperties.MessageId ?? "", envelope.RootElement.GetProperty("message").Clone(),
                new Dictionary<string, object?>(delivery.BasicProperties.Headers ?? new Dictionary<string, object?>(), StringComparer.Ordinal)));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(name, autoAck: true, consumer);
        return queue;
    }

    /// <summary>The first event that is wanted, once it is there.</summary>
    public async Task<ReceivedEvent> FirstAsync(string exchange, Func<JsonElement, bool> isWanted)
    {
        var found = await Wait.ForAsync(
            () => Task.FromResult(Events.FirstOrDefault(e => e.Exchange == exchange && isWanted(e.Message))), e => e is not null, $"seen on {exchange}");
        return found!;
    }

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();
}
