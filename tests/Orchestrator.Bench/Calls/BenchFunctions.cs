using System.Diagnostics;
using System.Net.Sockets;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Calls;

/// <summary>A function on the official Node FDK that does nothing but answer.</summary>
internal sealed class BenchFunctions
{
    private const string Name = "noop";

    private BenchFunctions(string root) => Root = root;

    public string Root { get; }

    public string Folder => Path.Combine(Root, Name, "1");

    public static string Image => $"{Name}:1";

    public IEnumerable<(string Key, string Value)> Settings => [("Functions__Root", Root), ("Functions__StartTimeout", "00:00:30")];

    public static async Task<BenchFunctions> PrepareAsync(CancellationToken cancellationToken)
    {
        var functions = new BenchFunctions(Checkout.RunDirectory("bench", "functions"));
        Directory.CreateDirectory(functions.Folder);
        await File.WriteAllTextAsync(Path.Combine(functions.Folder, "func.yaml"), $"schema_version: 20180708\nname: {Name}\nversion: 0.0.1\nruntime: node\nentrypoint: node func.js\n", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(functions.Folder, "func.js"), "const fdk = require('@fnproject/fdk');\nfdk.handle(input => ({ message: `Hello ${input.name}` }));\n", cancellationToken);
        if (!Directory.Exists(Path.Combine(functions.Folder, "node_modules")))
        {
            // ./bench has installed it there.
            var installed = Checkout.RunDirectory("npm", "fdk", "node_modules");
            if (Directory.Exists(installed))
                await Script.RunAsync("cp", ["-r", installed, functions.Folder], functions.Folder, cancellationToken);
            else
                await Script.RunAsync("npm", ["install", "--no-audit", "--no-fund", "--prefix", functions.Folder, "@fnproject/fdk"], functions.Folder, cancellationToken);
        }

        return functions;
    }
}

/// <summary>The same function as a bare process, and a client on its socket.</summary>
internal sealed class BareFunction : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _directory;

    private BareFunction(Process process, string directory, HttpClient client) => (_process, _directory, Client) = (process, directory, client);

    public HttpClient Client { get; }

    /// <summary>Returns as soon as the socket takes calls.</summary>
    public static async Task<BareFunction> StartAsync(BenchFunctions functions, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("fn").FullName;
        var socket = Path.Combine(directory, "lsnr.sock");
        var start = new ProcessStartInfo("node", ["func.js"]) { WorkingDirectory = functions.Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment.Clear();
        foreach (var (key, value) in ((string, string)[])[("PATH", "/usr/local/bin:/usr/bin:/bin"), ("FN_FORMAT", "http-stream"), ("FN_LISTENER", $"unix:{socket}")])
            start.Environment[key] = value;
        var process = Process.Start(start) ?? throw new MeasurementException("node does not start.");
        while (!File.Exists(socket))
        {
            if (process.HasExited)
                throw new MeasurementException($"The bare function ended: {await process.StandardError.ReadToEndAsync(cancellationToken)}");
            await Task.Delay(1, cancellationToken);
        }

        var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });
        return new BareFunction(process, directory, client);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>Programs that the benchmark needs, run to their end.</summary>
internal static class Script
{
    /// <exception cref="MeasurementException">It failed.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string directory, CancellationToken cancellationToken, params (string Key, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        using var process = Process.Start(start) ?? throw new MeasurementException($"{program} does not start.");
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new MeasurementException($"{program} failed: {await errors}");
    }
}
