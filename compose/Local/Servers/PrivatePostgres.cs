using Npgsql;

namespace Orchestrator.Local.Servers;

/// <summary>
/// A Postgres of our own: loopback only, SCRAM with a random password, on a port that stays the same over
/// restarts. It runs as an unprivileged user when we are root, and dies with this process.
/// </summary>
public sealed class PrivatePostgres : PostgresServer
{
    private const string UserName = "orchestrator";
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);
    private const int StartAttempts = 8;
    private static readonly TimeSpan AttemptInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _path;
    private readonly string _logFile;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private ServerDirectory? _directory;
    private ChildProcess? _postmaster;
    private int _port;

    /// <param name="path">Its directory; created when missing, the data in it is kept.</param>
    /// <param name="logFile">Default: <c>postgres.log</c> in its directory.</param>
    /// <param name="settings">Parameters of postgresql.conf that add to or replace the defaults.</param>
    public PrivatePostgres(string path, string? logFile = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        _path = Path.GetFullPath(path);
        _logFile = Path.GetFullPath(logFile ?? Path.Combine(path, "postgres.log"));
        _settings = settings ?? new Dictionary<string, string>(StringComparer.Ordinal);
    }

    /// <summary>The postmaster; null when it was never started.</summary>
    public ChildProcess? Process => _postmaster;

    public int Port => _port;

    /// <summary>Called when there is a new process, before it is ready.</summary>
    public Action Spawned { get; set; } = () => { };

    /// <summary>Starts it, or starts it again on the same data and port; returns when it answers a query.</summary>
    /// <exception cref="ServerStartException">It is not installed, or it ended or did not answer within a minute.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_postmaster is { HasExited: false })
            return;
        var user = SystemUser.Unprivileged("postgres");
        var bin = FindBinaries();
        _directory ??= ServerDirectory.Open(_path, user);
        Directory.CreateDirectory(Path.GetDirectoryName(_logFile)!);
        var password = _directory.Remember(new Dictionary<string, Func<string>>(StringComparer.Ordinal) { ["password"] = RandomSecret.Create })["password"];
        var data = await PostgresFiles.EnsureClusterAsync(_directory, user, bin, UserName, password, _logFile);
        if (_port == 0)
            _port = _directory.RememberPorts("port")[0];
        Connection = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = _port, Username = UserName, Password = password }.ConnectionString;

        PostgresFiles.RemoveOrphan(data);
        var start = new ChildStart
        {
            FileName = Path.Combine(bin, "postgres"),
            Arguments = ["-D", data, .. PostgresSettings.Create(bin, _port, _settings).SelectMany(pair => (string[])["-c", $"{pair.Key}={pair.Value}"])],
            LogFile = _logFile,
            User = user,
            OnLauncherDeath = Signal.Quit,
        };
        await StartUntilReadyAsync(start, cancellationToken);
    }

    /// <summary>The fast shutdown: open transactions are rolled back, everything is written, the process is gone.</summary>
    public Task StopAsync() => _postmaster?.StopAsync(Signal.Interrupt, StopGrace) ?? Task.CompletedTask;

    /// <summary>A crash: <c>kill -9</c> of the postmaster. The next start recovers from the log.</summary>
    public Task KillAsync() => _postmaster?.StopAsync(Signal.Kill, StopGrace) ?? Task.CompletedTask;

    /// <summary>Removes the directory and all data; it must not be running.</summary>
    public static void Delete(string path) => ServerDirectory.Delete(path);

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_postmaster is not null)
            await _postmaster.DisposeAsync();
        _directory?.Dispose();
        await base.DisposeAsync();
    }

    private static string FindBinaries()
    {
        // Debian keeps them out of PATH; a link in PATH (as some images have) leads to the directory too.
        var initdb = Binaries.Require("initdb", Binaries.Versions("/usr/lib/postgresql", "*", "bin"));
        return Path.GetDirectoryName(File.ResolveLinkTarget(initdb, returnFinalTarget: true)?.FullName ?? initdb)!;
    }

    private async Task StartUntilReadyAsync(ChildStart start, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartDeadline);
        for (var attempt = 1; ; attempt++)
        {
            if (_postmaster is { HasExited: true })
                await _postmaster.DisposeAsync();
            _postmaster = await ChildProcess.StartAsync(start);
            Spawned();
            if (await AnswersAsync(deadline.Token, cancellationToken))
                return;

            // After a crash the old backends need a moment to notice: until then a new postmaster gives up at once.
            if (attempt == StartAttempts)
                throw new ServerStartException($"Postgres did not start: {LogTail.Of(_logFile)}");
            await Task.Delay(AttemptInterval, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken deadline, CancellationToken cancellationToken)
    {
        while (!_postmaster!.HasExited)
        {
            try
            {
                await ExecuteAsync("SELECT 1", deadline);
                return true;
            }
            catch (NpgsqlException) when (!deadline.IsCancellationRequested)
            {
                await Task.WhenAny(_postmaster.Exit, Task.Delay(PollInterval, deadline));
            }
            catch (Exception exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new ServerStartException($"Postgres did not answer in time: {LogTail.Of(_logFile)}", exception);
            }
        }

        return false;
    }
}
