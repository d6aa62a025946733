using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// Holds the bus back while the broker is away, and lets it through the moment the broker takes connections. Left to
/// itself MassTransit waits longer after each failed attempt, up to a minute, and so long after the broker is back.
/// </summary>
public sealed class BrokerGate(RabbitMqConnection broker, IHostApplicationLifetime lifetime, ILogger<BrokerGate> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Returns when a connection can be opened, or when the host stops.</summary>
    public async Task WaitAsync(ConnectionFactory factory)
    {
        BrokerSocket.Use(factory);
        using var timer = new PeriodicTimer(Pause);
        try
        {
            while (!await IsOpenAsync(lifetime.ApplicationStopping))
                await timer.WaitForNextTickAsync(lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            logger.LogDebug("The host stops before the broker is back");
        }
    }

    private async Task<bool> IsOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await broker.ConnectAsync("gate", cancellationToken);
            await connection.CloseAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            logger.LogDebug("The broker is away: {Reason}", exception.GetBaseException().Message);
            return false;
        }
    }
}
