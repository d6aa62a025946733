using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

// A stand-in for a simulator: it needs a moment to get ready, is told its world, computes steps, and ends when its folder
// is removed or when the process that it is told to outlive no longer than ends.

namespace Orchestrator.Examples.Simulation;

internal static class Program
{
    private static readonly TimeSpan StartTime = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan StepTime = TimeSpan.FromMilliseconds(20);

    private static string? s_world;
    private static long s_steps;

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is not [var path, .. var rest])
        {
            await Console.Error.WriteLineAsync("Usage: simulation FOLDER [PID]");
            return 2;
        }

        var folder = new SimulationFolder(path);
        await using var held = folder.TryLock();
        if (held is null)
            return 0; // There is one already.
        await Task.Delay(StartTime);
        using var listener = Listen();
        folder.Tell(new SimulationAddress(Environment.ProcessId, ((IPEndPoint)listener.LocalEndpoint).Port));

        using var ending = new CancellationTokenSource();
        var serving = ServeAsync(listener, ending.Token);
        using var timer = new PeriodicTimer(StepTime);
        while (await timer.WaitForNextTickAsync() && folder.Exists && (rest is not [var owner] || Lives(int.Parse(owner))))
        {
            if (s_world is not null)
                Interlocked.Increment(ref s_steps);
        }

        await ending.CancelAsync();
        await serving;
        return 0;
    }

    private static TcpListener Listen()
    {
        // An instance is told its port; otherwise any will do.
        var port = Environment.GetEnvironmentVariable("PORT");
        var listener = new TcpListener(IPAddress.Loopback, port is null ? 0 : int.Parse(port));
        listener.Start();
        return listener;
    }

    private static bool Lives(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task ServeAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(cancellationToken);
                await AnswerAsync(client, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    // One request a connection: "world NAME", "reset" or "state", a line; the answer is a line of JSON.
    private static async Task AnswerAsync(TcpClient client, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.UTF8, leaveOpen: true);
            var request = await reader.ReadLineAsync(cancellationToken) ?? "";
            if (request.StartsWith("world ", StringComparison.Ordinal))
                s_world = request["world ".Length..];
            if (request is "reset")
                (s_world, s_steps) = (null, 0);
            var state = new JsonObject { ["world"] = s_world, ["steps"] = Interlocked.Read(ref s_steps) };
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(state.ToJsonString() + "\n"), cancellationToken);
        }
        catch (IOException)
        {
            // Whoever asked is gone.
        }
    }
}
