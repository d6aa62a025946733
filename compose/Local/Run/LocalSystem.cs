using Orchestrator.Local.Examples;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>The running system: servers, hosts, and the supervisor that keeps them alive.</summary>
internal sealed class LocalSystem : IAsyncDisposable
{
    private readonly RunConsole _console;
    private readonly Supervisor _supervisor;
    private readonly List<Supervised> _processes;
    private readonly EnvFile _envFile;

    private LocalSystem(Installation installation, RunConsole console)
    {
        _console = console;
        Installation = installation;
        _supervisor = new Supervisor(console);
        _processes = [.. ServersOf(installation.Servers)];
        _envFile = new EnvFile(installation, _processes);
    }

    public Installation Installation { get; }

    /// <summary>Starts everything, 0 workers meaning one process for all; returns when all of it is ready.</summary>
    /// <param name="workers">How many workers run apart.</param>
    /// <param name="clones">Where they keep clones.</param>
    /// <param name="console">Where progress is shown.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="ServerStartException">Something did not start.</exception>
    /// <exception cref="RunFailedException">The port that the user wants is taken.</exception>
    public static async Task<LocalSystem> StartAsync(int workers, string clones, RunConsole console, CancellationToken cancellationToken)
    {
        var port = Installation.ChoosePort();
        Installation? installation = null;
        await console.StepAsync("Starting Postgres and RabbitMQ", "Postgres and RabbitMQ are ready", async () =>
        {
            var servers = await LocalServers.StartAsync(RunPaths.Directory, RunPaths.Logs, cancellationToken);
            installation = new Installation(servers, RunSecrets.Load(), port, clones);
        });
        var system = new LocalSystem(installation!, console);
        try
        {
            await system.Installation.PrepareAsync(cancellationToken);
            await system.StartHostsAsync(workers, cancellationToken);
            system.Supervise();
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync();
        await _console.StepAsync("Stopping", "Everything is stopped", async () =>
        {
            await Task.WhenAll(_processes.OfType<SupervisedHost>().Select(host => host.StopAsync()));
            AllExamples.Stop();
            await Installation.Servers.DisposeAsync();
        });
        EnvFile.Delete();
    }

    private static IEnumerable<Supervised> ServersOf(LocalServers servers)
    {
        if (servers.Postgres is PrivatePostgres postgres)
            yield return new SupervisedPostgres(postgres);
        if (servers.RabbitMq is PrivateRabbitMq rabbitMq)
            yield return new SupervisedRabbitMq(rabbitMq);
    }

    private async Task StartHostsAsync(int workers, CancellationToken cancellationToken)
    {
        var api = workers == 0
            ? Host("API and worker", ["PID_API", "PID_WORKER_1"], "Orchestrator.Api", "all", Installation.Url, "api")
            : Host("API", ["PID_API"], "Orchestrator.Api", "api", Installation.Url, "api");
        await _console.StepAsync($"Starting {api.Label}", $"{api.Label}: {(workers == 0 ? "one process, " : "")}ready", () => api.StartAsync(cancellationToken));

        // The API has migrated by now, so that the workers find their tables.
        var apart = Enumerable.Range(1, workers)
            .Select(number => Host($"Worker {number}", [$"PID_WORKER_{number}"], "Orchestrator.Workers", "worker", new Uri($"http://127.0.0.1:{FreePort.Next()}"), $"worker-{number}"))
            .ToList();
        if (apart.Count > 0)
            await _console.StepAsync("Starting the workers", $"{workers} {(workers == 1 ? "worker" : "workers")}: ready", () => Task.WhenAll(apart.Select(worker => worker.StartAsync(cancellationToken))));
    }

    private SupervisedHost Host(string label, string[] pidKeys, string project, string role, Uri url, string log)
    {
        var host = new SupervisedHost(label, pidKeys, project, url, Installation.HostEnvironment(role, url), RunPaths.Log(log));
        _processes.Add(host);
        return host;
    }

    private void Supervise()
    {
        _envFile.Write();
        foreach (var supervised in _processes)
        {
            supervised.Spawned = _envFile.Write;
            _supervisor.Watch(supervised);
        }
    }
}
