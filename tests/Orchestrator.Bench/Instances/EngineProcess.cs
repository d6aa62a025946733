using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Calls;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Instances;

/// <summary>A Docker engine of the benchmark's own, with one image, and its API without us.</summary>
internal sealed class EngineProcess : IAsyncDisposable
{
    public const string Image = "bench:1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _engine;
    private readonly string _home;
    private readonly HttpClient _api;

    private EngineProcess(ChildProcess engine, string home)
    {
        (_engine, _home) = (engine, home);
        _api = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://docker/") };
    }

    public string Socket => $"{_home}/docker.sock";

    /// <exception cref="MeasurementException">There is no engine on this machine; the text says why.</exception>
    public static async Task<EngineProcess> StartAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists("/usr/sbin/dockerd") || !File.Exists("/bin/busybox"))
            throw new MeasurementException("dockerd or a static busybox is not installed (docker.io, busybox-static).");
        var home = Directory.CreateTempSubdirectory("orb-").FullName;
        var child = await ChildProcess.StartAsync(new ChildStart
        {
            FileName = "/usr/sbin/dockerd",
            Arguments =
            [
                "-H", $"unix://{home}/docker.sock", "--data-root", $"{home}/docker", "--exec-root", $"{home}/exec", "--pidfile", $"{home}/docker.pid",
                "--storage-driver", "overlay2", "--bridge=none", "--iptables=false", "--ip6tables=false",
            ],
            LogFile = $"{home}/docker.log",
            OnLauncherDeath = Signal.Terminate,
        });
        var engine = new EngineProcess(child, home);
        try
        {
            await engine.UntilAnswersAsync(cancellationToken);
            var tree = $"{home}/tree";
            await Script.RunAsync(
                "sh",
                ["-c", $"mkdir -p {tree}/bin {tree}/tmp {tree}/proc {tree}/dev {tree}/etc && cp /bin/busybox {tree}/bin/sleep && tar -C {tree} -c . | docker -H unix://{engine.Socket} import --change 'ENV PATH=/bin' - {Image}"],
                home, cancellationToken);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a container and starts it; gives its id.</summary>
    public async Task<string> StartOneAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["Image"] = Image,
            ["Entrypoint"] = new JsonArray([.. command.Select(word => JsonValue.Create(word))]),
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = "host", ["LogConfig"] = new JsonObject { ["Type"] = "none" } },
        };
        var created = await PostAsync("containers/create", body.ToJsonString(), cancellationToken);
        var id = JsonNode.Parse(created)!["Id"]!.GetValue<string>();
        await PostAsync($"containers/{id}/start", "", cancellationToken);
        return id;
    }

    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        using var response = await _api.DeleteAsync(new Uri($"containers/{id}?force=true", UriKind.Relative), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _engine.StopAsync(Signal.Terminate, Patience);
        await _engine.DisposeAsync();
        // The network of the machine, which it leaves mounted.
        foreach (var mount in File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1]).Where(path => path.StartsWith($"{_home}/", StringComparison.Ordinal)).ToList())
            await Script.RunAsync("umount", ["--lazy", mount], "/", CancellationToken.None);
        Directory.Delete(_home, recursive: true);
    }

    private async Task UntilAnswersAsync(CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (_engine.HasExited || TimeProvider.System.GetElapsedTime(since) > Patience)
                throw new MeasurementException($"dockerd does not start here: {LogTail.Of($"{_home}/docker.log", 3)}");
            try
            {
                using var response = await _api.GetAsync(new Uri("version", UriKind.Relative), cancellationToken);
                if (response.StatusCode is HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task<string> PostAsync(string path, string json, CancellationToken cancellationToken)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _api.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? text : throw new MeasurementException($"The Docker engine answered {(int)response.StatusCode}: {text}");
    }
}
