using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Runtimes;
using Orchestrator.Workers.Runtimes.Docker;

namespace Orchestrator.Tests.Calls.Agent;

/// <summary>One Docker engine for all tests that need one.</summary>
[CollectionDefinition(nameof(DockerStand))]
public sealed class DockerCollection : ICollectionFixture<DockerStand>;

/// <summary>A Docker engine of its own, with images that are made from this machine's Node and a static busybox.</summary>
public sealed class DockerStand : FunctionStand
{
    private ChildProcess? _engine;

    public string DockerSocket => $"{Home}/docker.sock";

    protected override async Task StartAsync()
    {
        try
        {
            await StartEngineAsync();
            await MakeImagesAsync();
        }
        catch (Exception exception) when (exception is InvalidOperationException or TimeoutException or ServerStartException or System.ComponentModel.Win32Exception)
        {
            Fault = $"No Docker engine here: {exception.Message}";
            return;
        }

        Runtime = RuntimeOf(Identity);
    }

    public override IRuntime RuntimeOf(RuntimeIdentity identity)
    {
        var options = RuntimeOptions;
        options.DockerSocket = DockerSocket;
        return new DockerRuntime(Options.Create(options), identity, NullLogger<DockerRuntime>.Instance);
    }

    protected override async Task StopAsync()
    {
        ((DockerRuntime?)Runtime)?.Dispose();
        if (_engine is null)
            return;
        // It ends containerd, which it started, and unmounts what it mounted, but the network of the machine.
        await _engine.StopAsync(Signal.Terminate, TimeSpan.FromSeconds(30));
        await _engine.DisposeAsync();
        foreach (var mount in (await File.ReadAllLinesAsync("/proc/self/mounts")).Select(line => line.Split(' ')[1]).Where(path => path.StartsWith($"{Home}/", StringComparison.Ordinal)))
            await NodeFdk.RunAsync("umount", "--lazy", mount);
    }

    private async Task StartEngineAsync()
    {
        var dockerd = File.Exists("/usr/sbin/dockerd") ? "/usr/sbin/dockerd" : throw new InvalidOperationException("dockerd is not installed (apt-get install docker.io)");
        _engine = await ChildProcess.StartAsync(new ChildStart
        {
            FileName = dockerd,
            Arguments =
            [
                "-H", $"unix://{DockerSocket}", "--data-root", $"{Home}/docker", "--exec-root", $"{Home}/exec", "--pidfile", $"{Home}/docker.pid",
                "--storage-driver", "overlay2", "--bridge=none", "--iptables=false", "--ip6tables=false",
            ],
            LogFile = $"{Home}/docker.log",
            OnLauncherDeath = Signal.Terminate,
        });
        await Wait.UntilAsync(
            async () => _engine.HasExited ? throw new InvalidOperationException(LogTail.Of($"{Home}/docker.log", 3)) : File.Exists(DockerSocket) && await AnswersAsync(),
            "answering");
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await DockerAsync("version");
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private async Task MakeImagesAsync()
    {
        if (!File.Exists("/bin/busybox"))
            throw new InvalidOperationException("busybox is not installed (apt-get install busybox-static)");
        var node = await NodeFdk.RunAsync("sh", "-c", "readlink -f $(command -v node)");
        foreach (var image in Directory.EnumerateDirectories(Images).Select(path => Path.GetFileName(path)!))
        {
            var tree = $"{Home}/tree";
            var function = $"{Images}/{image}/1";
            var isNode = File.Exists($"{function}/func.js");
            var script = $"""
                set -e; mkdir -p {tree}/bin {tree}/tmp/iofs {tree}/proc {tree}/dev {tree}/etc {tree}/run {tree}/usr; chmod 1777 {tree}/tmp
                cp /bin/busybox {tree}/bin/; for name in sh sleep ln cat; do ln -s busybox {tree}/bin/$name; done
                cp -r {function} {tree}/function
                {(isNode ? $"cp {node} {tree}/bin/node; ldd {node} | grep -o '/[^ ]*' | while read -r file; do mkdir -p {tree}$(dirname $file); cp -L $file {tree}$file; done" : "")}
                tar -C {tree} -c . | docker -H unix://{DockerSocket} import --change 'WORKDIR /function' --change 'ENV PATH=/bin' --change 'CMD ["{(isNode ? "node" : "sh")}", "{(isNode ? "func.js" : "func.sh")}"]' - {image}:1
                rm -r {tree}
                """;
            await NodeFdk.RunAsync("sh", "-c", script);
        }
    }

    public Task<string> DockerAsync(params string[] arguments) => NodeFdk.RunAsync("docker", ["-H", $"unix://{DockerSocket}", .. arguments]);
}

[Collection(nameof(DockerStand))]
public sealed class When_functions_run_in_docker(DockerStand stand) : FunctionConformance(stand)
{
    // No registry can be reached.
    protected override int StatusWithoutImage => 502;
}
