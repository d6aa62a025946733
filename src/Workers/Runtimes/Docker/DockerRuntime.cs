using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace Orchestrator.Workers.Runtimes.Docker;

/// <summary>Containers of a Docker engine, with the original's profile (§5.8).</summary>
public sealed class DockerRuntime : IRuntime, IDisposable
{
    private const string OwnerLabel = "orchestrator.owner";
    private const string PurposeLabel = "orchestrator.purpose";
    private const string IdLabel = "orchestrator.id";
    private const string UserLabelPrefix = "orchestrator.label.";

    // The original's.
    private const uint User = 1000;

    // As the engine names them in what it says about itself.
    private static readonly (string Field, string What)[] Limits = [("MemoryLimit", "Memory"), ("CpuCfsQuota", "Processor time"), ("PidsLimit", "The number of processes")];

    private static readonly TimeSpan ShortcomingsAge = TimeSpan.FromSeconds(10);

    private readonly DockerEngine _engine;
    private readonly DockerImages _images;
    private readonly RuntimeIdentity _identity;
    private readonly ILogger<DockerRuntime> _logger;
    private readonly string _socket;
    private IReadOnlyList<string> _shortcomings = [];
    private long _lastLook = long.MinValue / 2;
    private volatile bool _hasNoInit;

    public DockerRuntime(IOptions<RuntimesOptions> options, RuntimeIdentity identity, ILogger<DockerRuntime> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_identity, _logger, _socket) = (identity, logger, options.Value.DockerSocket);
        _engine = new DockerEngine(_socket, options.Value.DockerTimeout);
        _images = new DockerImages(_engine, options.Value.PullTimeout);
    }

    public string Name => "docker";

    public bool CanPause => true;

    public bool OutlivesWorker => true;

    /// <summary>As the engine told when it was last asked, which is done again for the next time.</summary>
    public IReadOnlyList<string> Shortcomings
    {
        get
        {
            if (Environment.TickCount64 - Volatile.Read(ref _lastLook) > ShortcomingsAge.TotalMilliseconds)
                _ = FindShortcomingsAsync(CancellationToken.None);
            return Volatile.Read(ref _shortcomings);
        }
    }

    public string PathInside(ContainerMount mount)
    {
        ArgumentNullException.ThrowIfNull(mount);
        return mount.Target;
    }

    public async Task CheckImageAsync(string image, CancellationToken cancellationToken)
    {
        try
        {
            await _images.RequireAsync(image, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            throw new ContainerStartException($"The Docker engine at {_socket} does not answer: {exception.Message}", exception);
        }
    }

    public async Task<IContainer> StartAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Image is not { } image)
            throw new ContainerStartException("Docker needs an image.");
        await CheckImageAsync(image, cancellationToken);
        if (Libc.UserId() == 0)
        {
            foreach (var mount in spec.Mounts.Where(mount => mount.Writable))
                Libc.ChangeOwner(mount.Source, User);
        }

        try
        {
            return await StartAsync(spec, image, cancellationToken);
        }
        catch (ContainerStartException exception) when (!_hasNoInit && exception.Message.Contains("docker-init", StringComparison.Ordinal))
        {
            _hasNoInit = true;
            return await StartAsync(spec, image, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            throw new ContainerStartException($"The Docker engine at {_socket} does not answer: {exception.Message}", exception);
        }
    }

    public async Task<IReadOnlyList<FoundContainer>> ListAsync(string purpose, CancellationToken cancellationToken)
    {
        var filters = new JsonObject { ["label"] = new JsonArray($"{PurposeLabel}={purpose}") }.ToJsonString();
        var list = await _engine.RequireAsync(HttpMethod.Get, $"/containers/json?all=true&filters={Uri.EscapeDataString(filters)}", null, null, cancellationToken);
        return [.. (list as JsonArray ?? []).OfType<JsonObject>().Select(Describe)];
    }

    public async Task<IContainer?> AdoptAsync(string handle, IOutputSink output, CancellationToken cancellationToken)
    {
        if (await FindOwnAsync(handle, cancellationToken) is not { } found || (string?)found["State"]?["Status"] is "created")
            return null;
        var attached = (bool?)found["State"]?["Running"] == true ? await DockerOutput.AttachAsync(_engine, handle, output, cancellationToken) : null;
        return new DockerContainer(_engine, (string?)found["Config"]?["Labels"]?[IdLabel] ?? handle, handle, attached, removes: false, _logger);
    }

    public async Task EnsureDeadAsync(string handle, CancellationToken cancellationToken)
    {
        if (await FindOwnAsync(handle, cancellationToken) is not null)
            await RemoveAsync(handle, cancellationToken);
    }

    public async Task ReapAsync(string purpose, CancellationToken cancellationToken)
    {
        await FindShortcomingsAsync(cancellationToken);
        try
        {
            foreach (var found in await ListAsync(purpose, cancellationToken))
            {
                // Another machine's worker may use the same engine; its containers are its own.
                if (found.OwnerIsAlive || !found.Owner.StartsWith($"{_identity.Machine}/", StringComparison.Ordinal))
                    continue;
                _logger.LogInformation("Removing {Container}, which a worker that is dead left behind.", found.Id);
                await RemoveAsync(found.Handle, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            _logger.LogWarning("The Docker engine at {Socket} does not answer: {Reason}", _socket, exception.Message);
        }
    }

    public void Dispose() => _engine.Dispose();

    private async Task<DockerContainer> StartAsync(ContainerSpec spec, string image, CancellationToken cancellationToken)
    {
        var created = await _engine.RequireAsync(HttpMethod.Post, $"/containers/create?name={spec.Id}", Body(spec, image), null, cancellationToken);
        var handle = (string)created!["Id"]!;
        DockerOutput? output = null;
        try
        {
            output = await DockerOutput.AttachAsync(_engine, handle, spec.Output, cancellationToken);
            await _engine.RequireAsync(HttpMethod.Post, $"/containers/{handle}/start", null, null, cancellationToken);
            return new DockerContainer(_engine, spec.Id, handle, output, removes: spec.Purpose == ContainerPurposes.Function, _logger);
        }
        catch
        {
            if (output is not null)
                await output.DisposeAsync();
            await RemoveAsync(handle, CancellationToken.None);
            throw;
        }
    }

    private JsonObject Body(ContainerSpec spec, string image)
    {
        var labels = new JsonObject { [OwnerLabel] = _identity.Owner, [PurposeLabel] = spec.Purpose, [IdLabel] = spec.Id };
        foreach (var (name, value) in spec.Labels)
            labels[$"{UserLabelPrefix}{name}"] = value;
        var host = new JsonObject
        {
            ["NetworkMode"] = spec.Network is ContainerNetwork.Host ? "host" : "none",
            ["ReadonlyRootfs"] = true,
            ["Tmpfs"] = new JsonObject { ["/tmp"] = Tmpfs(spec.TmpfsMiB) },
            ["CapDrop"] = new JsonArray("ALL"),
            ["SecurityOpt"] = new JsonArray("no-new-privileges:true"),
            ["LogConfig"] = new JsonObject { ["Type"] = "none" },
            ["RestartPolicy"] = new JsonObject { ["Name"] = "no" },
            ["Ulimits"] = new JsonArray(
                Ulimit("nofile", spec.MaxOpenFiles), Ulimit("memlock", 64 * 1024), Ulimit("sigpending", 5000), Ulimit("msgqueue", 819_200), Ulimit("core", 0)),
            ["Mounts"] = new JsonArray([.. spec.Mounts.Select(mount => new JsonObject
            {
                ["Type"] = "bind", ["Source"] = mount.Source, ["Target"] = mount.Target, ["ReadOnly"] = !mount.Writable,
            })]),
        };
        if (!_hasNoInit)
            host["Init"] = true;
        if (spec.MemoryMiB > 0)
        {
            host["Memory"] = (long)spec.MemoryMiB << 20;
            // Memory and swap together: no swap.
            host["MemorySwap"] = (long)spec.MemoryMiB << 20;
        }

        if (spec.MilliCpus > 0)
        {
            host["CpuPeriod"] = 100_000;
            host["CpuQuota"] = Math.Max(1000, spec.MilliCpus * 100L);
        }

        if (spec.MaxProcesses > 0)
            host["PidsLimit"] = spec.MaxProcesses;

        var body = new JsonObject
        {
            ["Image"] = image,
            ["User"] = $"{User}:{User}",
            ["Hostname"] = spec.Id,
            ["Env"] = new JsonArray([.. spec.Environment.Select(variable => JsonValue.Create($"{variable.Key}={variable.Value}"))]),
            ["Labels"] = labels,
            ["AttachStdout"] = true,
            ["AttachStderr"] = true,
            ["HostConfig"] = host,
        };
        if (spec.Network is ContainerNetwork.Host)
            body.Remove("Hostname");
        if (spec.Command.Count > 0)
        {
            body["Entrypoint"] = new JsonArray([.. spec.Command.Select(word => JsonValue.Create(word))]);
            body["Cmd"] = new JsonArray();
        }

        if (spec.WorkingDirectory is { } directory)
            body["WorkingDir"] = directory;
        return body;
    }

    // A tmpfs keeps about a page of kernel memory for each file: their number is bounded with its size, as upstream does.
    private static string Tmpfs(int sizeMiB) => sizeMiB > 0
        ? string.Create(CultureInfo.InvariantCulture, $"rw,nosuid,nodev,mode=1777,size={sizeMiB}m,nr_inodes={Math.Max(1024, sizeMiB * 256)}")
        : "rw,nosuid,nodev,mode=1777";

    private static JsonObject Ulimit(string name, long value) => new() { ["Name"] = name, ["Soft"] = value, ["Hard"] = value };

    // Only what this program started is ever touched.
    private async Task<JsonObject?> FindOwnAsync(string handle, CancellationToken cancellationToken)
    {
        if (handle.Length == 0 || !handle.All(char.IsAsciiHexDigitLower))
            return null;
        var (status, found) = await _engine.AskAsync(HttpMethod.Get, $"/containers/{handle}/json", null, cancellationToken);
        if (status is not (HttpStatusCode.OK or HttpStatusCode.NotFound))
            throw new ContainerStartException($"Docker: {DockerEngine.MessageOf(found) ?? status.ToString()}");
        return found?["Config"]?["Labels"]?[OwnerLabel] is null ? null : (JsonObject)found;
    }

    // Removal by force kills first, and is answered when both are done.
    private async Task RemoveAsync(string handle, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (status, answer) = await _engine.AskAsync(HttpMethod.Delete, $"/containers/{handle}?force=true&v=true", null, cancellationToken);
            if ((int)status < 400 || status is HttpStatusCode.NotFound)
                return;
            // Somebody else removes it at this moment.
            if (status is not HttpStatusCode.Conflict)
                throw new ContainerStartException($"Docker: {DockerEngine.MessageOf(answer) ?? status.ToString()}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    private FoundContainer Describe(JsonObject container)
    {
        var labels = (container["Labels"] as JsonObject ?? []).ToDictionary(label => label.Key, label => (string?)label.Value ?? "", StringComparer.Ordinal);
        var owner = labels.GetValueOrDefault(OwnerLabel, "");
        return new FoundContainer(
            labels.GetValueOrDefault(IdLabel, ""), (string)container["Id"]!, owner, _identity.IsAlive(owner), (string?)container["State"] is "running" or "paused",
            labels.Where(label => label.Key.StartsWith(UserLabelPrefix, StringComparison.Ordinal)).ToDictionary(label => label.Key[UserLabelPrefix.Length..], label => label.Value, StringComparer.Ordinal));
    }

    private async Task FindShortcomingsAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _lastLook, Environment.TickCount64);
        try
        {
            var info = await _engine.RequireAsync(HttpMethod.Get, "/info", null, null, cancellationToken);
            Volatile.Write(ref _shortcomings, [.. Lacking(info!)]);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or ContainerStartException or JsonException)
        {
            Volatile.Write(ref _shortcomings, [$"Nothing can be started: the Docker engine at {_socket} does not answer ({exception.Message})."]);
        }
    }

    private static IEnumerable<string> Lacking(JsonNode info) =>
        Limits.Where(limit => (bool?)info[limit.Field] != true).Select(limit => $"{limit.What} is not limited: the Docker engine cannot.");
}
