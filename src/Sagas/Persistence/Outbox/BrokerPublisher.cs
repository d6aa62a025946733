using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Messaging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>
/// Publishes finished messages, persistent and confirmed, over a connection of its own. It goes past MassTransit's
/// send pipe on purpose: the bytes are final, and the pipe costs more than the rest of the path.
/// </summary>
public sealed class BrokerPublisher(
    RabbitMqConnection broker, IOptions<OutboxOptions> options, TimeProvider time, ILogger<BrokerPublisher> logger) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan OpeningPatience = TimeSpan.FromSeconds(20);

    private readonly HashSet<string> _declared = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _disposing = new();
    private Task<IChannel?>? _opening;
    private IConnection? _connection;
    private IChannel? _channel;
    private long _lastAttempt;
    private bool _isAway;

    /// <summary>False while the broker is away.</summary>
    public bool IsConnected => Volatile.Read(ref _channel) is { IsOpen: true };

    /// <summary>Connects unless connected. False when the broker is away; tried at most twice a second.</summary>
    public async Task<bool> TryConnectAsync(CancellationToken cancellationToken) =>
        await OpenChannelAsync(cancellationToken) is not null;

    /// <summary>Whether a publish to an exchange needs no look whether it is there.</summary>
    public bool Knows(string exchange)
    {
        lock (_declared)
            return exchange.Length == 0 || _declared.Contains(exchange);
    }

    /// <summary>Publishes one message and waits for the broker's confirmation.</summary>
    /// <exception cref="BrokerUnavailableException">The broker is away, or did not confirm in time.</exception>
    /// <exception cref="MissingExchangeException">A mandatory message names an exchange that is not there; any other is given up.</exception>
    /// <exception cref="RabbitMQ.Client.Exceptions.PublishException">No queue wanted a mandatory message, or the broker refused it.</exception>
    public async Task PublishAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        var channel = await OpenChannelAsync(cancellationToken) ?? throw new BrokerUnavailableException("The broker is away.");
        if (!await IsThereAsync(channel, message.Exchange, cancellationToken))
        {
            if (message.IsMandatory)
                throw new MissingExchangeException(message.Exchange);
            return;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Value.ConfirmTimeout);
        try
        {
            await channel.BasicPublishAsync(
                message.Exchange, message.RoutingKey, message.IsMandatory, Properties(message), message.Body, deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // The client miscounts confirmations after a publish that was given up, and refuses all that follow.
            GiveUp(channel);
            if (cancellationToken.IsCancellationRequested)
                throw;
            throw new BrokerUnavailableException($"The broker did not confirm within {options.Value.ConfirmTimeout}.");
        }
    }

    /// <summary>Whether the broker has a queue of that name; null while it is away.</summary>
    public async Task<bool?> HasQueueAsync(string queue, CancellationToken cancellationToken)
    {
        if (await OpenChannelAsync(cancellationToken) is null)
            return null;
        try
        {
            return await ExistsAsync(look => look.QueueDeclarePassiveAsync(queue, cancellationToken), cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync();
        if (_opening is { } opening)
            await opening;
        await CloseAsync();
        _disposing.Dispose();
    }

    private BasicProperties Properties(OutboxMessage message)
    {
        var properties = new BasicProperties
        {
            MessageId = message.MessageId,
            ContentType = message.ContentType.Length == 0 ? null : message.ContentType,
            DeliveryMode = DeliveryModes.Persistent,
            // The broker vouches for it, so that receivers know our messages from those that only look like them.
            UserId = broker.UserName,
        };
        if (message.Headers.Length > 2)
            properties.Headers = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(message.Headers)!
                .ToDictionary(header => header.Key, header => HeaderValue(header.Value), StringComparer.Ordinal);
        return properties;
    }

    private static object? HeaderValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => value.EnumerateArray().Select(HeaderValue).ToList(),
        JsonValueKind.Object => value.EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => HeaderValue(entry.Value), StringComparer.Ordinal),
        _ => null,
    };

    // A publish to an exchange that is not there closes the channel, and so fails whatever else is on its way.
    private async Task<bool> IsThereAsync(IChannel channel, string exchange, CancellationToken cancellationToken)
    {
        if (Knows(exchange))
            return true;
        if (ExchangeNames.IsOurs(exchange))
            await channel.ExchangeDeclareAsync(exchange, ExchangeNames.TypeOf(exchange), durable: true, cancellationToken: cancellationToken);
        else if (!await ExistsAsync(look => look.ExchangeDeclarePassiveAsync(exchange, cancellationToken), cancellationToken))
            return false;
        lock (_declared)
            _declared.Add(exchange);
        return true;
    }

    // On a channel of its own: a refusal closes it.
    private async Task<bool> ExistsAsync(Func<IChannel, Task> look, CancellationToken cancellationToken)
    {
        try
        {
            var connection = _connection ?? throw new BrokerUnavailableException("The broker is away.");
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            await look(channel);
            return true;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason is { ReplyCode: Constants.NotFound })
        {
            return false;
        }
    }

    // Subscribers may bind to any exchange of ours as soon as a host is ready.
    private static async Task DeclareContractsAsync(IConnection connection, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        foreach (var exchange in ExchangeNames.OfContracts)
            await channel.ExchangeDeclareAsync(exchange, ExchangeNames.TypeOf(exchange), durable: true, cancellationToken: cancellationToken);
    }

    private void GiveUp(IChannel channel)
    {
        if (Interlocked.CompareExchange(ref _channel, null, channel) == channel)
            _ = CloseQuietlyAsync(channel);
    }

    private async Task CloseQuietlyAsync(IChannel channel)
    {
        try
        {
            await channel.DisposeAsync();
        }
        catch (Exception exception)
        {
            logger.LogDebug(exception, "The channel was closed already");
        }
    }

    // Whoever waits may give up; what all of them wait for goes on. A channel whose opening is cut off spoils its connection.
    private async Task<IChannel?> OpenChannelAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _channel) is { IsOpen: true } open)
            return open;
        Task<IChannel?> opening;
        lock (_declared)
            opening = _opening = _opening is { IsCompleted: false } underWay ? underWay : OpenAsync();
        return await opening.WaitAsync(cancellationToken);
    }

    private async Task<IChannel?> OpenAsync()
    {
        await Task.Yield();
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_disposing.Token);
            deadline.CancelAfter(OpeningPatience);
            var cancellationToken = deadline.Token;
            if (_channel is { IsOpen: true } opened)
                return opened;
            if (_lastAttempt != 0 && time.GetElapsedTime(_lastAttempt) < ReconnectPause)
                return null;
            _lastAttempt = time.GetTimestamp();
            if (_connection is not { IsOpen: true })
            {
                await CloseAsync();
                _connection = await broker.ConnectAsync("outbox", cancellationToken);
            }

            await DeclareContractsAsync(_connection, cancellationToken);
            lock (_declared)
            {
                _declared.Clear();
                _declared.UnionWith(ExchangeNames.OfContracts);
            }

            _channel = await _connection.CreateChannelAsync(
                new CreateChannelOptions(
                    publisherConfirmationsEnabled: true,
                    publisherConfirmationTrackingEnabled: true,
                    outstandingPublisherConfirmationsRateLimiter: null),
                cancellationToken);
            if (_isAway)
                logger.LogInformation("The outbox reaches the broker again");
            _isAway = false;
            return _channel;
        }
        catch (Exception exception)
        {
            await CloseAsync();

            // Once per outage, not twice a second.
            if (!_isAway)
                logger.LogWarning("The outbox cannot reach the broker: {Reason}", exception.GetBaseException().Message);
            _isAway = true;
            return null;
        }
    }

    private async Task CloseAsync()
    {
        _channel = null;
        if (_connection is { } connection)
        {
            _connection = null;
            try
            {
                await connection.CloseAsync(TimeSpan.FromSeconds(2));
                await connection.DisposeAsync();
            }
            catch (Exception exception)
            {
                logger.LogDebug(exception, "The broker connection was closed already");
            }
        }
    }
}
