using RabbitMQ.Client;

namespace Orchestrator.Bench.Intake;

/// <summary>The native client at its fastest with confirms: a window of unconfirmed messages, acknowledgements counted as they come.</summary>
public sealed class ConfirmedPublisher : IAsyncDisposable
{
    private const int Window = 2_000;

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly SemaphoreSlim _free = new(Window, Window);
    private readonly SortedSet<ulong> _open = [];
    private bool _isRefused;

    private ConfirmedPublisher(IConnection connection, IChannel channel)
    {
        (_connection, _channel) = (connection, channel);
        channel.BasicAcksAsync += (_, ack) => Confirm(ack.DeliveryTag, ack.Multiple);
        channel.BasicNacksAsync += (_, nack) =>
        {
            _isRefused = true;
            return Confirm(nack.DeliveryTag, nack.Multiple);
        };
    }

    public IChannel Channel => _channel;

    public static async Task<ConfirmedPublisher> ConnectAsync(Uri amqp, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = amqp }.CreateConnectionAsync(cancellationToken);
        var options = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
        return new ConfirmedPublisher(connection, await connection.CreateChannelAsync(options, cancellationToken));
    }

    /// <summary>Returns when the broker has confirmed every message.</summary>
    /// <exception cref="MeasurementException">The broker refused one.</exception>
    public async Task PublishAsync(string exchange, string contentType, IReadOnlyList<Command> commands, CancellationToken cancellationToken)
    {
        foreach (var command in commands)
        {
            await _free.WaitAsync(cancellationToken);
            var tag = await _channel.GetNextPublishSequenceNumberAsync(cancellationToken);
            lock (_open)
                _open.Add(tag);
            var properties = new BasicProperties { MessageId = command.MessageId, ContentType = contentType, DeliveryMode = DeliveryModes.Persistent };
            await _channel.BasicPublishAsync(exchange, "", mandatory: true, properties, command.Body, cancellationToken);
        }

        for (var i = 0; i < Window; i++)
            await _free.WaitAsync(cancellationToken);
        _free.Release(Window);
        if (_isRefused)
            throw new MeasurementException("The broker refused a message.");
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
        _free.Dispose();
    }

    private Task Confirm(ulong tag, bool multiple)
    {
        var confirmed = 0;
        lock (_open)
        {
            if (!multiple)
                confirmed = _open.Remove(tag) ? 1 : 0;
            else
                confirmed = _open.RemoveWhere(open => open <= tag);
        }

        if (confirmed > 0)
            _free.Release(confirmed);
        return Task.CompletedTask;
    }
}
