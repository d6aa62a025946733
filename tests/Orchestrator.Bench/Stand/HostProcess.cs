using System.Net.Http.Headers;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Stand;

/// <summary>A program of ours as a real process on a free port.</summary>
public sealed class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _process;
    private readonly string _logFile;

    private HostProcess(ChildProcess process, string logFile, int port)
    {
        (_process, _logFile) = (process, logFile);
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestStand.AdminToken);
    }

    /// <summary>Comes with the admin token.</summary>
    public HttpClient Client { get; }

    public int Pid => _process.Pid;

    /// <summary>Runs the worker host's migration.</summary>
    public static async Task MigrateAsync(Database database, Uri amqp, CancellationToken cancellationToken)
    {
        await using var host = await LaunchAsync(Checkout.Host("Orchestrator.Workers"), ["--migrate"], database, amqp, [], cancellationToken);
        if (await host._process.Exit.WaitAsync(Patience, cancellationToken) != 0)
            throw new MeasurementException($"The migration failed:\n{LogTail.Of(host._logFile)}");
    }

    /// <summary>Starts it and waits until it says that it can work.</summary>
    public static async Task<HostProcess> StartAsync(
        string program, Database database, Uri amqp, IEnumerable<(string Key, string Value)> settings, CancellationToken cancellationToken)
    {
        var host = await LaunchAsync(program, [], database, amqp, settings, cancellationToken);
        try
        {
            await host.UntilAnswersAsync("/health/ready", cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it and waits for nothing.</summary>
    public static async Task<HostProcess> LaunchAsync(
        string program, IReadOnlyList<string> arguments, Database database, Uri amqp,
        IEnumerable<(string Key, string Value)> settings, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var port = FreePort.Next();
        var environment = CleanEnvironment.Create();
        environment["ConnectionStrings__Postgres"] = database.ConnectionString;
        environment["ConnectionStrings__RabbitMq"] = amqp.AbsoluteUri;
        environment["Auth__AdminToken"] = TestStand.AdminToken;
        environment["Webhook__Secrets__0"] = TestStand.WebhookSecret;
        environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        foreach (var (key, value) in settings)
            environment[key] = value;
        var logs = Directory.CreateDirectory(Checkout.RunDirectory("bench", "logs")).FullName;
        var start = new ChildStart
        {
            FileName = Binaries.Require("dotnet"),
            Arguments = [program, .. arguments],
            Environment = environment,
            WorkingDirectory = Path.GetDirectoryName(program)!,
            LogFile = Path.Combine(logs, $"{Path.GetFileNameWithoutExtension(program)}-{port}.log"),
        };
        return new HostProcess(await ChildProcess.StartAsync(start), start.LogFile, port);
    }

    /// <exception cref="MeasurementException">It ended, or did not answer in time.</exception>
    public async Task UntilAnswersAsync(string path, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            if (_process.HasExited)
                throw new MeasurementException($"A process ended with {await _process.Exit}:\n{LogTail.Of(_logFile, 30)}");
            try
            {
                using var response = await Client.GetAsync(path, deadline.Token);
                if (response.IsSuccessStatusCode)
                    return;
                await pause.WaitForNextTickAsync(deadline.Token);
            }
            catch (HttpRequestException)
            {
                await pause.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new MeasurementException($"A process was not ready in time:\n{LogTail.Of(_logFile, 30)}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.StopAsync(Signal.Terminate, TimeSpan.FromSeconds(30));
        await _process.DisposeAsync();
    }
}
