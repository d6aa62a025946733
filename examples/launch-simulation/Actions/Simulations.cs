using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Orchestrator.Examples.Simulation;

namespace Orchestrator.Examples.LaunchSimulation;

/// <summary>The simulations of this machine: a folder each. A service, so nothing of it is stored with a deployment.</summary>
/// <param name="root">Where the folders lie.</param>
/// <param name="owner">A process with which every simulation ends; null: they outlive everybody.</param>
public sealed class Simulations(string root, int? owner)
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Settings <c>LaunchSimulation:Root</c> and <c>LaunchSimulation:Owner</c>.</summary>
    public static Simulations Create(IConfiguration configuration) => new(
        configuration["LaunchSimulation:Root"] ?? Path.Combine(Path.GetTempPath(), $"simulations-{Environment.UserName}"),
        configuration.GetValue<int?>("LaunchSimulation:Owner"));

    public SimulationFolder Folder(Guid id) => new(Path.Combine(root, id.ToString()));

    /// <summary>Ids of those that belong to a group, running or not.</summary>
    public IReadOnlyList<Guid> OfGroup(string group) => Directory.Exists(root)
        ? [.. Directory.EnumerateDirectories(root).Select(path => Guid.TryParse(Path.GetFileName(path), out var id) ? id : Guid.Empty).Where(id => id != Guid.Empty && Folder(id).Group == group)]
        : [];

    /// <summary>Where a running simulation is noted for those who use it.</summary>
    public string Mark(Guid id) => Path.Combine(root, "running", $"{id}.json");

    /// <summary>Starts the process of a simulation, in a session of its own: it lives on when the worker does not.</summary>
    public void Start(SimulationFolder folder)
    {
        var program = typeof(SimulationFolder).Assembly.Location;
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", """log=$1; shift; exec setsid "$@" >"$log" 2>&1 </dev/null""", "sh", folder.Log, "dotnet", program, folder.Path])
            start.ArgumentList.Add(argument);
        if (owner is not null)
            start.ArgumentList.Add($"{owner}");
        // Nothing of ours: our environment holds secrets.
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" + (DotnetFolder() is { } dotnet ? $":{dotnet}" : "");
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        Process.Start(start)!.Dispose();
    }

    /// <summary>Ends a simulation, if it runs, and removes what is left of it.</summary>
    /// <exception cref="TimeoutException">It did not end.</exception>
    public async Task StopAsync(Guid id, CancellationToken cancellationToken)
    {
        var folder = Folder(id);
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            folder.Remove();
            if (!ProcessesOf(folder).Any())
                return;
            if (Stopwatch.GetElapsedTime(since) > StopTime)
                throw new TimeoutException($"simulation {id} (pid {string.Join(", ", ProcessesOf(folder))}) has not ended after {StopTime.TotalSeconds} s");
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Asks a simulation something and gives its state.</summary>
    /// <exception cref="SocketException">It is not there.</exception>
    public static async Task<JsonElement> AskAsync(RunningSimulation simulation, string request, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", simulation.Port ?? 0, cancellationToken);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(request + "\n"), cancellationToken);
        using var reader = new StreamReader(client.GetStream());
        return JsonElement.Parse(await reader.ReadLineAsync(cancellationToken) ?? "{}");
    }

    // By what they were started with: a number alone may be another's by now.
    private static IEnumerable<string> ProcessesOf(SimulationFolder folder) =>
        Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)!).Where(name => int.TryParse(name, out _) && CommandLine(name).Contains(folder.Path, StringComparison.Ordinal));

    private static string CommandLine(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string? DotnetFolder() =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) is "dotnet" ? Path.GetDirectoryName(path) : null;
}
