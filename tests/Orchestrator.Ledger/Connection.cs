using RabbitMQ.Client;

namespace Orchestrator.Ledger;

/// <summary>A connection that is opened again and again until there is a broker.</summary>
internal static class Connection
{
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public static async Task<IConnection> OpenAsync(Uri amqp, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory
        {
            Uri = amqp,
            AutomaticRecoveryEnabled = false,
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            RequestedHeartbeat = TimeSpan.FromSeconds(5),
        };
        while (true)
        {
            try
            {
                return await factory.CreateConnectionAsync(cancellationToken);
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }
}
