using System.Net.Http.Headers;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Infrastructure;

/// <summary>A real process of ours on a free port.</summary>
public sealed class Host : IAsyncDisposable
{
    public const string AdminToken = "test-admin-token-0123456789abcdef0123456789";
    public const string WebhookSecret = "fake-secret";

    private readonly ChildStart _start;
    private ChildProcess _process;

    private Host(ChildStart start, ChildProcess process, Uri address)
    {
        (_start, _process, Address) = (start, process, address);
        Client = new HttpClient { BaseAddress = address };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminToken);
    }

    /// <summary>Setting of a worker that takes up only some parts, with commas between them.</summary>
    public static (string Key, string Value) Only(string parts) => ("Worker__Parts", parts);

    public Uri Address { get; }

    /// <summary>Comes with the admin token.</summary>
    public HttpClient Client { get; }

    public string LogFile => _start.LogFile;

    public int Pid => _process.Pid;

    public bool HasExited => _process.HasExited;

    /// <summary>API and worker in one process, ready.</summary>
    public static Task<Host> StartAllAsync(Place place, params (string Key, string Value)[] settings) =>
        StartAsync("Orchestrator.Api", place, [("Host__Role", "all"), .. settings]);

    /// <summary>The API alone, ready.</summary>
    public static Task<Host> StartApiAsync(Place place, params (string Key, string Value)[] settings) =>
        StartAsync("Orchestrator.Api", place, [("Host__Role", "api"), .. settings]);

    /// <summary>A worker alone, ready.</summary>
    public static Task<Host> StartWorkerAsync(Place place, params (string Key, string Value)[] settings) =>
        StartAsync("Orchestrator.Workers", place, settings);

    /// <summary>Runs the worker host's migration.</summary>
    public static async Task MigrateAsync(string connectionString)
    {
        var start = Start("Orchestrator.Workers", connectionString, new Uri("amqp://127.0.0.1"), FreePort.Next(), []) with { Arguments = [Checkout.Host("Orchestrator.Workers"), "--migrate"] };
        await using var process = await ChildProcess.StartAsync(start);
        if (await process.Exit != 0)
            throw new InvalidOperationException($"The migration failed:\n{LogTail.Of(start.LogFile, 40)}");
    }

    /// <summary>Starts a process without waiting for anything.</summary>
    public static async Task<Host> LaunchAsync(string project, Place place, params (string Key, string Value)[] settings)
    {
        var port = FreePort.Next();
        var start = Start(project, place.ConnectionString, place.Amqp, port, settings);
        return new Host(start, await ChildProcess.StartAsync(start), new Uri($"http://127.0.0.1:{port}"));
    }

    /// <summary>Waits until the process says that it can work.</summary>
    public async Task<Host> UntilReadyAsync(TimeSpan? patience = null)
    {
        try
        {
            await Wait.UntilAsync(IsReadyAsync, "ready", patience);
            return this;
        }
        catch (TimeoutException exception)
        {
            var health = await Client.GetStringOrFaultAsync("/health/ready");
            throw new TimeoutException($"{_start.LogFile} is not ready: {health}\n{LogTail.Of(_start.LogFile, 40)}", exception);
        }
    }

    public async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"The process ended with {await _process.Exit}:\n{LogTail.Of(_start.LogFile, 40)}");
        try
        {
            using var response = await Client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Ends the process as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill(Signal.Kill);
        await _process.Exit;
    }

    /// <summary>Freezes the process: it keeps its sockets and answers nothing.</summary>
    public void Freeze() => _process.Kill(Signal.Stop);

    /// <summary>Lets a frozen process go on.</summary>
    public void Thaw() => _process.Kill(Signal.Continue);

    /// <summary>Asks the process to end, and gives its exit code.</summary>
    public async Task<int> StopAsync()
    {
        _process.Kill(Signal.Terminate);
        return await _process.Exit;
    }

    /// <summary>Completes when the process has ended by itself.</summary>
    public Task<int> Exit => _process.Exit;

    /// <summary>Starts it again, on the same port.</summary>
    public async Task RestartAsync(params (string Key, string Value)[] settings)
    {
        await _process.DisposeAsync();
        var environment = new Dictionary<string, string>(_start.Environment, StringComparer.Ordinal);
        foreach (var (key, value) in settings)
            environment[key] = value;
        _process = await ChildProcess.StartAsync(_start with { Environment = environment });
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.StopAsync(Signal.Terminate, TimeSpan.FromSeconds(5));
        await _process.DisposeAsync();
    }

    private static async Task<Host> StartAsync(string project, Place place, params (string Key, string Value)[] settings)
    {
        var host = await LaunchAsync(project, place, settings);
        try
        {
            return await host.UntilReadyAsync();
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private static ChildStart Start(string project, string postgres, Uri amqp, int port, (string Key, string Value)[] settings)
    {
        var environment = CleanEnvironment.Create();
        environment["ConnectionStrings__Postgres"] = postgres;
        environment["ConnectionStrings__RabbitMq"] = amqp.AbsoluteUri;
        environment["Auth__AdminToken"] = AdminToken;
        environment["Webhook__Secrets__0"] = WebhookSecret;
        environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        environment["DOTNET_TieredPGO"] = "0";
        foreach (var (key, value) in settings)
            environment[key] = value;
        return new ChildStart
        {
            FileName = Binaries.Require("dotnet"),
            Arguments = [Checkout.Host(project)],
            Environment = environment,
            LogFile = Path.Combine(Directory.CreateDirectory(Checkout.RunDirectory("test", "logs")).FullName, $"{project}-{port}.log"),
        };
    }
}

internal static class HttpClientExtensions
{
    /// <summary>The body, whatever the status, or why there is none.</summary>
    public static async Task<string> GetStringOrFaultAsync(this HttpClient client, string path)
    {
        try
        {
            using var response = await client.GetAsync(path);
            return await response.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException exception)
        {
            return exception.Message;
        }
    }
}
