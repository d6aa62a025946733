using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>One of our own hosts: the API, a worker, or both in one process.</summary>
internal sealed class SupervisedHost(string label, string[] pidKeys, string project, Uri url, IReadOnlyDictionary<string, string> environment, string logFile)
    : Supervised(label, pidKeys)
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(5) };

    private ChildProcess? _process;
    private string _health = "no answer";

    public override ChildProcess? Process => _process;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var program = Checkout.Host(project);
        if (_process is not null)
            await _process.DisposeAsync();
        _process = await ChildProcess.StartAsync(new ChildStart
        {
            FileName = Binaries.Require("dotnet"),
            Arguments = [program],
            Environment = environment,
            WorkingDirectory = Path.GetDirectoryName(program)!,
            LogFile = logFile,
        });
        Spawned();
        await WaitUntilReadyAsync(cancellationToken);
    }

    public override Task StopAsync() => _process?.StopAsync(Signal.Terminate, StopGrace) ?? Task.CompletedTask;

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(ReadyDeadline);
        while (!_process!.HasExited)
        {
            if (await IsReadyAsync(cancellationToken))
                return;
            if (deadline.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new ServerStartException($"{Label} is not ready after {ReadyDeadline.TotalSeconds} s: {_health} (log: {RunPaths.Relative(logFile)})");
            }

            await Task.WhenAny(_process.Exit, Task.Delay(PollInterval, cancellationToken));
        }

        throw new ServerStartException($"{Label} ended with code {await _process.Exit}:\n{LogTail.Of(logFile)}");
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await Client.GetAsync(new Uri(url, "/health/ready"), cancellationToken);
            if (response.IsSuccessStatusCode)
                return true;
            _health = await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is HttpRequestException or TaskCanceledException)
        {
            _health = exception.Message;
        }

        return false;
    }
}
