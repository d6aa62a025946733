using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>The ports of the range: each is one clone's from its creation to its end, also while the clone is down.</summary>
internal sealed class PortPool(IPAddress address, int from, int to)
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _taken = [];

    public int Count => to - from + 1;

    public int Free
    {
        get
        {
            lock (_lock)
                return Count - _taken.Count(port => port >= from && port <= to);
        }
    }

    /// <summary>The lowest port that no clone has and nobody else listens on.</summary>
    /// <param name="except">Ports that failed just now.</param>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.NoFreePort"/>.</exception>
    public int Take(IReadOnlySet<int> except)
    {
        lock (_lock)
        {
            for (var port = from; port <= to; port++)
            {
                if (!_taken.Contains(port) && !except.Contains(port) && IsFree(port))
                {
                    _taken.Add(port);
                    return port;
                }
            }
        }

        throw new CloneFailedException(
            CloneFailure.NoFreePort, $"All ports from {from} to {to} are in use.", "Delete idle clones or widen Clones:PortFrom and Clones:PortTo.");
    }

    /// <summary>Takes the port that a clone had already.</summary>
    public void Claim(int port)
    {
        lock (_lock)
            _taken.Add(port);
    }

    public void Release(int port)
    {
        lock (_lock)
            _taken.Remove(port);
    }

    private bool IsFree(int port)
    {
        using var listener = new TcpListener(address, port);
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
