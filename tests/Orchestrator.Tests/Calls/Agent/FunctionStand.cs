using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Orchestrator.Local.Servers;
using Orchestrator.Workers.Calls.Agent;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Tests.Calls.Agent;

/// <summary>A runtime with the images of the tests, and agents on it.</summary>
public abstract class FunctionStand : IAsyncLifetime
{
    private readonly List<FunctionAgent> _agents = [];

    /// <summary>Why there is no such runtime on this machine; null where there is one.</summary>
    public string? Fault { get; protected set; }

    public IRuntime Runtime { get; protected set; } = null!;

    public RuntimeIdentity Identity { get; } = new();

    /// <summary>A directory of this stand's own, short enough for sockets.</summary>
    public string Home { get; } = $"/tmp/ort-{Guid.CreateVersion7().ToString("N")[^12..]}";

    public string Images => $"{Home}/images";

    public RuntimesOptions RuntimeOptions => new() { Directory = $"{Home}/run" };

    public static string SourceOfImages => Path.Combine(Checkout.Root, "tests", "Orchestrator.Tests", "Calls", "Agent", "Images");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Images);
        foreach (var source in Directory.EnumerateDirectories(SourceOfImages))
        {
            var target = $"{Images}/{Path.GetFileName(source)}/1";
            Directory.CreateDirectory(target);
            foreach (var file in Directory.EnumerateFiles(source))
                File.Copy(file, $"{target}/{Path.GetFileName(file)}");
        }

        await NodeFdk.CopyToAsync($"{Images}/probe/1");
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
            await agent.DisposeAsync();
        await StopAsync();
        Directory.Delete(Home, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Skips the test where there is no such runtime.</summary>
    public FunctionAgent Agent(Action<FunctionsOptions>? set = null)
    {
        Assert.SkipWhen(Fault is not null, Fault ?? "");
        var options = new FunctionsOptions { Root = Images, MemoryMiB = 4096, StartTimeout = TimeSpan.FromSeconds(30), PauseAfter = TimeSpan.Zero };
        set?.Invoke(options);
        var agent = new FunctionAgent(Runtime, Identity, Options.Create(options), Options.Create(RuntimeOptions), TimeProvider.System);
        _agents.Add(agent);
        return agent;
    }

    public static FunctionSpec Function(string image, string? id = null) => new() { FnId = id ?? image, AppId = "app", Image = $"{image}:1", Timeout = TimeSpan.FromSeconds(30), IdleTimeout = TimeSpan.FromMinutes(5) };

    public static Invocation Call(FunctionSpec function, object? input = null) => new()
    {
        CallId = Guid.CreateVersion7().ToString("N"),
        Function = function,
        Headers = [new("Content-Type", "application/json")],
        Body = JsonSerializer.SerializeToUtf8Bytes(input ?? new { @do = "echo" }),
        PlacementBudget = TimeSpan.FromSeconds(60),
    };

    /// <summary>The same runtime, as another worker has it.</summary>
    public abstract IRuntime RuntimeOf(RuntimeIdentity identity);

    protected abstract Task StartAsync();

    protected abstract Task StopAsync();
}

/// <summary>The unmodified Node FDK, from npm.</summary>
internal static class NodeFdk
{
    private static readonly SemaphoreSlim Installing = new(1, 1);

    public static async Task CopyToAsync(string folder)
    {
        var home = Checkout.RunDirectory("npm", "fdk");
        await Installing.WaitAsync();
        try
        {
            if (!Directory.Exists($"{home}/node_modules/@fnproject/fdk"))
                await RunAsync("npm", "install", "--prefix", home, "--no-audit", "--no-fund", "@fnproject/fdk");
        }
        finally
        {
            Installing.Release();
        }

        await RunAsync("cp", "-r", $"{home}/node_modules", folder);
    }

    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {await errors}");
    }
}
