using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// A socket to the broker whose writes do not fail: once the peer is gone they vanish, and the reader tells of the
/// end. RabbitMQ.Client (7.1.2; its issues 1928 and 1930) ends its write loop at the first failed write. Whoever
/// acknowledges then waits for room in a queue that nobody empties, the shutdown waits for those whose messages are
/// not acknowledged, and the write queue is not closed before the shutdown has ended: the connection hangs, and with
/// it the consumers, which never learn of it.
/// </summary>
public sealed class BrokerSocket : ITcpClient
{
    private Socket? _socket;
    private Stream? _stream;

    private BrokerSocket(AddressFamily family) =>
        _socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public bool Connected => _socket is { Connected: true };

    public TimeSpan ReceiveTimeout
    {
        get => TimeSpan.FromMilliseconds(Client.ReceiveTimeout);
        set => Client.ReceiveTimeout = (int)value.TotalMilliseconds;
    }

    public Socket Client => _socket ?? throw new ObjectDisposedException(nameof(BrokerSocket));

    /// <summary>Makes the connections of a factory use such sockets.</summary>
    public static void Use(ConnectionFactory factory) => factory.SocketFactory = family => new BrokerSocket(family);

    public async Task ConnectAsync(IPAddress host, int port, CancellationToken cancellationToken = default) =>
        await Client.ConnectAsync(host, port, cancellationToken);

    public NetworkStream GetStream() => (_stream ??= new Stream(Client));

    public void Close() => Dispose();

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private sealed class Stream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private volatile bool _isLost;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isLost)
                return;
            try
            {
                await base.WriteAsync(buffer, cancellationToken);
            }
            catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
            {
                _isLost = true;
                EndReading();
            }
        }

        private void EndReading()
        {
            try
            {
                Socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Then the reader knows already.
            }
        }
    }
}
