using System.Diagnostics;
using Microsoft.Extensions.Options;
using Orchestrator.Workers.Calls.Agent;
using Orchestrator.Workers.Runtimes.Cgroups;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>
/// Containers as children of the worker: bubblewrap for the walls, cgroups for the limits, a user id for each. What the machine
/// lacks of these is left out, and said: <see cref="Shortcomings"/>.
/// </summary>
public sealed class ProcessRuntime : IRuntime, IDisposable
{
    private readonly RuntimesOptions _options;
    private readonly string _imageRoot;
    private readonly string _directory;
    private readonly RuntimeIdentity _identity;
    private readonly ILogger<ProcessRuntime> _logger;
    private readonly Sandbox _sandbox;
    private readonly ICgroups? _cgroups;
    private readonly LaunchScript _script;
    private readonly OutputPipes _outputs = new();
    private int _lastUser = Environment.ProcessId * 64;

    public ProcessRuntime(IOptions<RuntimesOptions> options, IOptions<FunctionsOptions> functions, RuntimeIdentity identity, ILogger<ProcessRuntime> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(functions);
        (_options, _identity, _logger) = (options.Value, identity, logger);
        _imageRoot = functions.Value.EffectiveRoot;
        _directory = $"{_options.EffectiveDirectory}/processes";
        _sandbox = Sandbox.Find();
        _cgroups = CgroupTree.Find(_options.CgroupParent);
        _script = new LaunchScript(_sandbox, [.. ToolPaths.Find(), .. _options.ReadOnlyPaths]);
        Shortcomings = [.. FindShortcomings()];
        RuntimeDirectory.Create(_options.EffectiveDirectory);
        RuntimeDirectory.Create(_directory);
    }

    public string Name => "process";

    public bool CanPause => _cgroups?.CanFreeze == true;

    public bool OutlivesWorker => false;

    public IReadOnlyList<string> Shortcomings { get; }

    public string PathInside(ContainerMount mount)
    {
        ArgumentNullException.ThrowIfNull(mount);
        return _sandbox.Bubblewrap is null ? mount.Source : mount.Target;
    }

    public Task CheckImageAsync(string image, CancellationToken cancellationToken)
    {
        ImageFolder.Find(_imageRoot, image);
        return Task.CompletedTask;
    }

    public async Task<IContainer> StartAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var image = spec.Image is { } name ? ImageFolder.Find(_imageRoot, name) : null;
        var command = spec.Command.Count > 0 ? spec.Command : image?.Function.Command ?? throw new ContainerStartException("There is neither an image nor a command to start.");
        var home = $"{_directory}/{spec.Id}";
        ICgroup? cgroup = null;
        OutputPipe? output = null;
        try
        {
            uint? user = _sandbox.IsRoot ? NextUser() : null;
            Directory.CreateDirectory(home);
            var record = new ContainerRecord { Id = spec.Id, Purpose = spec.Purpose, Owner = _identity.Owner, Labels = spec.Labels };
            record.Write(home);
            output = OpenOutput(home, user, spec.Output);
            cgroup = _cgroups?.Create(spec.Id, new CgroupLimits(spec.MemoryMiB, spec.MilliCpus, spec.MaxProcesses));
            foreach (var mount in spec.Mounts.Where(mount => mount.Writable && user is not null))
                Libc.ChangeOwner(mount.Source, user!.Value);

            var script = _script.Render(spec, command, image?.Path, user, cgroup?.JoinFiles ?? [], ($"{home}/stdout", $"{home}/stderr"));
            var container = await SpawnThread.RunAsync(() =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return Spawn(spec.Id, script, cgroup, output, home);
            });
            (record with { Handle = container.Handle }).Write(home);
            return container;
        }
        catch (Exception exception)
        {
            if (output is not null)
                _outputs.Remove(output);
            cgroup?.Remove();
            Delete(home);
            if (exception is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
                throw new ContainerStartException(exception.Message, exception);
            throw;
        }
    }

    public Task<IReadOnlyList<FoundContainer>> ListAsync(string purpose, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<FoundContainer>>([.. Records().Where(record => record.Purpose == purpose).Select(Describe)]);

    /// <summary>Never: processes end with their worker, so there is nothing to take over. What is left of one is killed.</summary>
    public async Task<IContainer?> AdoptAsync(string handle, IOutputSink output, CancellationToken cancellationToken)
    {
        await EnsureDeadAsync(handle, cancellationToken);
        return null;
    }

    public async Task EnsureDeadAsync(string handle, CancellationToken cancellationToken)
    {
        foreach (var record in Records().Where(record => record.Handle == handle).ToList())
            await KillAsync(record, cancellationToken);
    }

    public async Task ReapAsync(string purpose, CancellationToken cancellationToken)
    {
        foreach (var record in Records().Where(record => record.Purpose == purpose && !_identity.IsAlive(record.Owner)).ToList())
        {
            _logger.LogInformation("Removing {Container}, which a worker that is dead left behind.", record.Id);
            await KillAsync(record, cancellationToken);
            Delete($"{_directory}/{record.Id}");
        }
    }

    public void Dispose() => _outputs.Dispose();

    private ProcessContainer Spawn(string id, string script, ICgroup? cgroup, OutputPipe output, string home)
    {
        List<string> words = [];
        if (_sandbox.SetSid is { } setsid)
            words.Add(setsid);
        if (_sandbox.SetPriv is { } setpriv)
            words.AddRange([setpriv, "--pdeathsig", "KILL"]);
        words.AddRange(["/bin/sh", "-s"]);
        var info = new ProcessStartInfo(words[0], words.Skip(1))
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            // All three, and closed at once: otherwise .NET lends the terminal to the child.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Sandbox.Clean(info);
        var process = Process.Start(info)!;
        _outputs.Add(output);
        var container = new ProcessContainer(id, process, cgroup, output, _sandbox.Bubblewrap is not null, () =>
        {
            _outputs.Remove(output);
            Delete(home);
        });
        try
        {
            process.StandardInput.Write(script);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended at once; its exit tells.
        }

        process.StandardOutput.Close();
        process.StandardError.Close();
        return container;
    }

    private OutputPipe OpenOutput(string home, uint? user, IOutputSink sink)
    {
        foreach (var name in (string[])["stdout", "stderr"])
        {
            Libc.MakePipe($"{home}/{name}");
            if (user is { } owner)
                Libc.ChangeOwner($"{home}/{name}", owner);
        }

        return new OutputPipe(Libc.OpenPipe($"{home}/stdout"), Libc.OpenPipe($"{home}/stderr"), sink);
    }

    private uint NextUser() => (uint)(_options.FirstUserId + ((uint)Interlocked.Increment(ref _lastUser) % (uint)_options.UserIds));

    private IEnumerable<ContainerRecord> Records() => Directory.EnumerateDirectories(_directory).Select(ContainerRecord.Read).OfType<ContainerRecord>();

    private FoundContainer Describe(ContainerRecord record) => new(
        record.Id, record.Handle ?? "", record.Owner, _identity.IsAlive(record.Owner),
        ProcessHandle.TryParse(record.Handle, out var handle) && handle.IsAlive(), record.Labels);

    // Of a worker that may be alive too: its container then sees its process end, and cleans up itself.
    private async Task KillAsync(ContainerRecord record, CancellationToken cancellationToken)
    {
        if (!IsOfThisMachine(record.Owner))
            return;
        var cgroup = _cgroups?.Open(record.Id);
        var pause = TimeSpan.FromMilliseconds(1);
        while (true)
        {
            var alive = cgroup?.Kill() == true;
            if (ProcessHandle.TryParse(record.Handle, out var handle) && handle.IsAlive())
            {
                alive = true;
                foreach (var pid in ProcessTree.Below(handle.Pid).Reverse().ToList())
                    Libc.Signal(pid, Libc.SigKill);
            }

            if (!alive)
                break;
            await Task.Delay(pause, cancellationToken);
            pause = pause.TotalMilliseconds < 50 ? pause * 2 : pause;
        }

        cgroup?.Remove();
    }

    private bool IsOfThisMachine(string owner) => owner.StartsWith($"{_identity.Machine}/", StringComparison.Ordinal);

    private static void Delete(string home)
    {
        try
        {
            Directory.Delete(home, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone already, or the next start's reaping sees to it.
        }
    }

    private IEnumerable<string> FindShortcomings()
    {
        if (_sandbox.BubblewrapFault is { } fault)
            yield return $"Containers share the machine's files, processes and network: bubblewrap is needed to part them, but {fault}.";
        if (!_sandbox.IsRoot)
            yield return "All containers run as this process's user: only root can give each a user of its own.";
        if (_sandbox is { Bubblewrap: not null, SizesTmpfs: false })
            yield return "The size of /tmp is not limited: bubblewrap 0.7 is needed.";
        if (_cgroups?.LimitsMemory != true)
            yield return "Memory is not limited: there is no cgroup memory controller that this process may use.";
        if (_cgroups?.LimitsCpu != true)
            yield return "Processor time is not limited: there is no cgroup cpu controller that this process may use.";
        if (_cgroups?.LimitsProcesses != true)
            yield return "The number of processes is not limited: there is no cgroup pids controller that this process may use.";
        if (_sandbox.SetPriv is null)
            yield return "Containers may outlive a worker that is killed until the next one starts: setpriv (util-linux) is missing.";
    }
}
