using Microsoft.Extensions.Configuration;
using RabbitMQ.Client;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Where the broker is: <c>ConnectionStrings:RabbitMq</c>, an <c>amqp://</c> or <c>amqps://</c> URI.</summary>
public sealed class RabbitMqConnection
{
    public RabbitMqConnection(IConfiguration configuration)
    {
        var text = configuration.GetConnectionString("RabbitMq");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("amqp" or "amqps"))
            throw new SettingException("ConnectionStrings:RabbitMq must be a URI such as amqp://user:password@host:5672/vhost.");
        Uri = uri;
    }

    public Uri Uri { get; }

    /// <summary>The virtual host, <c>/</c> unless the URI names one.</summary>
    public string VirtualHost => Uri.AbsolutePath.Length <= 1 ? "/" : Uri.UnescapeDataString(Uri.AbsolutePath[1..]);

    public string UserName => Uri.UnescapeDataString(Uri.UserInfo.Split(':')[0]);

    public string Password => Uri.UserInfo.Split(':', 2) is [_, var password] ? Uri.UnescapeDataString(password) : "";

    public ushort Port => (ushort)(Uri.IsDefaultPort || Uri.Port <= 0 ? Uri.Scheme is "amqps" ? 5671 : 5672 : Uri.Port);

    /// <summary>Opens a connection that does not recover by itself: its user opens a new one.</summary>
    public async Task<IConnection> ConnectAsync(string purpose, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory
        {
            Uri = Uri,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            ClientProvidedName = $"orchestrator {purpose}",
        };
        BrokerSocket.Use(factory);
        return await factory.CreateConnectionAsync(cancellationToken);
    }
}
