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

    private readonly string path;
    private readonly string logFile;
    private readonly IReadOnlyDictionary<string, string> settings;
    private ServerDirectory? directory;
    private ChildProcess? postmaster;
    private int port;

    /// <param name="path">Its directory; created when missing, the data in it is kept.</param>
    /// <param name="logFile">Default: <c>postgres.log</c> in its directory.</param>
    /// <param name="settings">Parameters of postgresql.conf that add to or replace the defaults.</param>
    public PrivatePostgres(string path, string? logFile = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        this.path = Path.GetFullPath(path);
        this.logFile = Path.GetFullPath(logFile ?? Path.Combine(path, "postgres.log"));
        this.settings = settings ?? new Dictionary<string, string>(StringComparer.Ordinal);
    }

    /// <summary>The postmaster; null when it was never started.</summary>
    public ChildProcess? Process => postmaster;

    public int Port => port;

    /// <summary>Called when there is a new process, before it is ready.</summary>
    public Action Spawned { get; set; } = () => { };

    /// <summary>Starts it, or starts it again on the same data and port; returns when it answers a query.</summary>
    /// <exception cref="ServerStartException">It is not installed, or it ended or did not answer within a minute.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (postmaster is { HasExited: false })
            return;
        var user = SystemUser.Unprivileged("postgres");
        var bin = FindBinaries();
        directory ??= ServerDirectory.Open(path, user);
        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);
        var password = directory.Remember(new Dictionary<string, Func<string>>(StringComparer.Ordinal) { ["password"] = RandomSecret.Create })["password"];
        var data = await PostgresFiles.EnsureClusterAsync(directory, user, bin, UserName, password, logFile);
        if (port == 0)
            port = directory.RememberPorts("port")[0];
        Connection = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = UserName, Password = password }.ConnectionString;

        PostgresFiles.RemoveOrphan(data);
        var start = new ChildStart
        {
            FileName = Path.Combine(bin, "postgres"),
            Arguments = ["-D", data, .. PostgresSettings.Create(bin, port, settings).SelectMany(pair => (string[])["-c", $"{pair.Key}={pair.Value}"])],
            LogFile = logFile,
            User = user,
            OnLauncherDeath = Signal.Quit,
        };
        await StartUntilReadyAsync(start, cancellationToken);
    }

    /// <summary>The fast shutdown: open transactions are rolled back, everything is written, the process is gone.</summary>
    public Task StopAsync() => postmaster?.StopAsync(Signal.Interrupt, StopGrace) ?? Task.CompletedTask;

    /// <summary>A crash: <c>kill -9</c> of the postmaster. The next start recovers from the log.</summary>
    public Task KillAsync() => postmaster?.StopAsync(Signal.Kill, StopGrace) ?? Task.CompletedTask;

    /// <summary>Removes the directory and all data; it must not be running.</summary>
    public static void Delete(string path) => ServerDirectory.Delete(path);

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (postmaster is not null)
            await postmaster.DisposeAsync();
        directory?.Dispose();
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
            if (postmaster is { HasExited: true })
                await postmaster.DisposeAsync();
            postmaster = await ChildProcess.StartAsync(start);
            Spawned();
            if (await AnswersAsync(deadline.Token))
                return;

            // After a crash the old backends need a moment to notice: until then a new postmaster gives up at once.
            if (attempt == StartAttempts)
                throw new ServerStartException($"Postgres did not start: {LogTail.Of(logFile)}");
            await Task.Delay(AttemptInterval, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken deadline)
    {
        while (!postmaster!.HasExited)
        {
            try
            {
                await ExecuteAsync("SELECT 1", deadline);
                return true;
            }
            catch (NpgsqlException) when (!deadline.IsCancellationRequested)
            {
                await Task.WhenAny(postmaster.Exit, Task.Delay(PollInterval, deadline));
            }
            catch (Exception exception) when (deadline.IsCancellationRequested)
            {
                throw new ServerStartException($"Postgres did not answer in time: {LogTail.Of(logFile)}", exception);
            }
        }

        return false;
    }
}
