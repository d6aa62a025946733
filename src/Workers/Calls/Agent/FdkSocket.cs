using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>
/// The socket that a function made. It is held by a reference to the very file that was looked at: the function may put a link in
/// its place at any time, and must not lead us to a socket of somebody else.
/// </summary>
internal sealed class FdkSocket : IDisposable
{
    public const string FileName = "lsnr.sock";

    private readonly SafeFileHandle _file;

    private FdkSocket(SafeFileHandle file) => _file = file;

    /// <summary>
    /// The socket in a directory: <c>lsnr.sock</c> itself, or what it links to in the same directory. Null when there is none yet.
    /// </summary>
    /// <exception cref="BadSocketException">It is something else.</exception>
    public static FdkSocket? Find(string directory)
    {
        var path = $"{directory}/{FileName}";
        var link = new FileInfo(path);
        if (link.LinkTarget is { } target)
        {
            if (target.Length == 0 || target.Contains('/', StringComparison.Ordinal) || target is "." or "..")
                throw new BadSocketException($"{FileName} links to {target}, which is no name in its directory");
            path = $"{directory}/{target}";
        }
        else if (!link.Exists && !Directory.Exists(path))
        {
            return null;
        }

        SafeFileHandle file;
        try
        {
            file = Libc.OpenReference(path);
        }
        catch (IOException exception)
        {
            throw new BadSocketException($"{FileName} leads to nothing ({exception.Message})");
        }

        if (Libc.IsSocket(file))
            return new FdkSocket(file);
        file.Dispose();
        throw new BadSocketException($"{FileName} is no socket");
    }

    /// <exception cref="SocketException">Nobody listens.</exception>
    public async ValueTask<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint($"/proc/self/fd/{_file.DangerousGetHandle()}"), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>A function made something that is not the socket that was agreed on.</summary>
internal sealed class BadSocketException(string message) : Exception(message);
