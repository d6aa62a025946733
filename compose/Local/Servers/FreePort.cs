using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Orchestrator.Local.Servers;

/// <summary>Loopback ports that nobody listens on.</summary>
public static class FreePort
{
    // Below the kernel's ephemeral range: an outgoing connection cannot take the port between a stop and a start.
    private const int First = 20_000;
    private const int End = 32_000;

    public static int Next()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (IsFree(port))
                return port;
        }
    }

    public static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
