using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Instances;

/// <summary>A program without us: a child of the benchmark, up as soon as it runs or its port takes connections.</summary>
internal sealed class BareSpawn : IDisposable
{
    private readonly Process _process;

    private BareSpawn(Process process) => _process = process;

    public static async Task<BareSpawn> StartAsync(IReadOnlyList<string> command, bool listens, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var port = listens ? FreePort.Next() : 0;
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        var spawn = new BareSpawn(Process.Start(start) ?? throw new MeasurementException($"{command[0]} does not start."));
        while (listens && !await TakesConnectionsAsync(port, cancellationToken))
        {
            if (spawn._process.HasExited)
                throw new MeasurementException($"{command[0]} ended: {await spawn._process.StandardError.ReadToEndAsync(cancellationToken)}");
            await Task.Delay(1, cancellationToken);
        }

        return spawn;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<bool> TakesConnectionsAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
