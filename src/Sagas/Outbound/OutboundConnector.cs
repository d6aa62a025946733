using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Sagas.Outbound;

/// <summary>
/// Connects to addresses that the guard permits: a name is resolved once, and what was checked is what is connected
/// to, so that a second answer of the DNS changes nothing.
/// </summary>
/// <param name="guard">Knows what is permitted.</param>
/// <param name="resolve">Looks a host name up.</param>
public sealed class OutboundConnector(OutboundGuard guard, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    public OutboundConnector(OutboundGuard guard)
        : this(guard, Dns.GetHostAddressesAsync)
    {
    }

    /// <summary>A handler that goes straight to the target: no proxy, no redirects, no cookies, no credentials.</summary>
    public SocketsHttpHandler CreateHandler(TimeSpan connectTimeout) => new()
    {
        ConnectCallback = ConnectAsync,
        ConnectTimeout = connectTimeout,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 64,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken);
        var permitted = guard.Permitted(host, port, addresses);
        if (permitted.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(permitted, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
