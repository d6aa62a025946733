using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Local.Servers;

/// <summary>
/// A RabbitMQ node of our own with the management plugin: loopback only, a random user instead of guest, its own
/// epmd, on ports that stay the same over restarts. It runs as an unprivileged user when we are root, and dies with
/// this process.
/// </summary>
public sealed class PrivateRabbitMq : RabbitMqServer
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly string _path;
    private readonly string _logFile;
    private ServerDirectory? _directory;
    private RabbitMqNode? _node;
    private ChildProcess? _epmd;
    private ChildProcess? _server;

    /// <param name="path">Its directory; created when missing, the data in it is kept.</param>
    /// <param name="logFile">Default: <c>rabbitmq.log</c> in its directory.</param>
    public PrivateRabbitMq(string path, string? logFile = null)
    {
        _path = Path.GetFullPath(path);
        _logFile = Path.GetFullPath(logFile ?? Path.Combine(path, "rabbitmq.log"));
    }

    /// <summary>The Erlang machine; null when it was never started.</summary>
    public ChildProcess? Process => _server;

    /// <summary>Called when there is a new process, before it is ready.</summary>
    public Action Spawned { get; set; } = () => { };

    /// <summary>Starts it, or starts it again on the same data and ports; returns when AMQP and management answer.</summary>
    /// <exception cref="ServerStartException">It is not installed, or it ended or did not answer within two minutes.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_server is { HasExited: false })
            return;
        var user = SystemUser.Unprivileged("rabbitmq");
        var erlangBin = Path.GetDirectoryName(Binaries.Require("erl"))!;
        var program = Binaries.Require("rabbitmq-server", Binaries.Versions("/usr/lib/rabbitmq/lib", "rabbitmq_server-*", "sbin"));
        _directory ??= ServerDirectory.Open(_path, user);
        Directory.CreateDirectory(Path.GetDirectoryName(_logFile)!);
        _node ??= RabbitMqNode.Load(_directory);
        Amqp = new Uri($"amqp://{RabbitMqNode.UserName}:{_node.Password}@127.0.0.1:{_node.Amqp}");
        Http = new Uri($"http://{RabbitMqNode.UserName}:{_node.Password}@127.0.0.1:{_node.Management}/");

        var environment = RabbitMqFiles.Write(_directory, user, _node, erlangBin);
        var start = new ChildStart { FileName = program, Environment = environment, LogFile = _logFile, User = user };
        if (_epmd is null or { HasExited: true })
        {
            _epmd = await ChildProcess.StartAsync(start with
            {
                FileName = Binaries.Require("epmd"),
                Arguments = ["-port", _node.Epmd.ToString(), "-address", "127.0.0.1"],
            });
        }

        if (_server is not null)
            await _server.DisposeAsync();
        _server = await ChildProcess.StartAsync(start);
        Spawned();
        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>The orderly shutdown: queues are synced, the process is gone.</summary>
    public Task StopAsync() => _server?.StopAsync(Signal.Terminate, StopGrace) ?? Task.CompletedTask;

    /// <summary>A crash: <c>kill -9</c> of the node. The next start recovers durable queues.</summary>
    public Task KillAsync() => _server?.StopAsync(Signal.Kill, StopGrace) ?? Task.CompletedTask;

    /// <summary>Removes the directory and all data; it must not be running.</summary>
    public static void Delete(string path) => ServerDirectory.Delete(path);

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var process in (ChildProcess?[])[_server, _epmd])
        {
            if (process is not null)
                await process.DisposeAsync();
        }

        _directory?.Dispose();
        await base.DisposeAsync();
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartDeadline);
        while (!_server!.HasExited)
        {
            try
            {
                var factory = new ConnectionFactory { Uri = AmqpUri(), AutomaticRecoveryEnabled = false };
                await using var connection = await factory.CreateConnectionAsync(deadline.Token);
                await Management.GetAsync("api/overview", deadline.Token);
                return;
            }
            catch (Exception exception) when (!deadline.IsCancellationRequested && exception is BrokerUnreachableException or HttpRequestException)
            {
                await Task.WhenAny(_server.Exit, Task.Delay(PollInterval, deadline.Token));
            }
            catch (Exception exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new ServerStartException($"RabbitMQ did not answer in time: {LogTail.Of(_logFile)}", exception);
            }
        }

        throw new ServerStartException($"RabbitMQ did not start: {LogTail.Of(_logFile)}");
    }
}
