using MassTransit;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// How many messages wait in the queues of this process, asked over AMQP: the management API is not there everywhere,
/// and costs the broker more.
/// </summary>
public sealed class QueueDepths(RabbitMqConnection broker, IBusControl bus, ILogger<QueueDepths> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private IConnection? _connection;
    private bool _isDeclared;

    /// <summary>Messages that no consumer has been given yet, by queue; none before all queues are there. Not for concurrent use.</summary>
    /// <exception cref="BrokerUnreachableException">The broker is away; so do other exceptions of its client say.</exception>
    public async Task<IReadOnlyList<(string Queue, long Messages)>> ReadAsync(CancellationToken cancellationToken)
    {
        var health = bus.CheckHealth();
        if (!(_isDeclared |= health.Status is BusHealthStatus.Healthy))
            return [];
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        if (_connection is not { IsOpen: true })
        {
            await DisposeAsync();
            _connection = await broker.ConnectAsync("gauges", deadline.Token);
        }

        var depths = new List<(string, long)>();
        foreach (var queue in health.Endpoints.Keys.Select(NameOf))
        {
            // A queue that somebody removed closes the channel.
            await using var channel = await _connection.CreateChannelAsync(cancellationToken: deadline.Token);
            try
            {
                depths.Add((queue, await channel.MessageCountAsync(queue, deadline.Token)));
            }
            catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode is Constants.NotFound)
            {
                logger.LogDebug("There is no queue {Queue}", queue);
            }
        }

        return depths;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.AbortAsync(TimeSpan.FromSeconds(2));
            await connection.DisposeAsync();
        }
    }

    /// <summary>The queue of an endpoint's address.</summary>
    internal static string NameOf(string address) => address.Split('?')[0].Split('/')[^1];
}
