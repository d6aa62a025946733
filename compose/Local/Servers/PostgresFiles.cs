using System.Globalization;

namespace Orchestrator.Local.Servers;

/// <summary>The data directory of a private Postgres: how it comes to be, and what a crash leaves in it.</summary>
internal static class PostgresFiles
{
    private static readonly TimeSpan InitDeadline = TimeSpan.FromMinutes(2);

    /// <summary>Creates the cluster once; SCRAM for every connection, replication included.</summary>
    public static async Task<string> EnsureClusterAsync(ServerDirectory directory, SystemUser? user, string bin, string userName, string password, string logFile)
    {
        var data = directory.File("data");
        if (Directory.Exists(data))
            return data;

        // initdb works beside the final name, so that an interrupted one is started over.
        var next = directory.File("data.next");
        if (Directory.Exists(next))
            Directory.Delete(next, recursive: true);
        PrivateFile.CreateDirectory(next, user);
        var passwordFile = directory.File("password.init");
        PrivateFile.Write(passwordFile, password + "\n", user);
        try
        {
            await using var initdb = await ChildProcess.StartAsync(new ChildStart
            {
                FileName = Path.Combine(bin, "initdb"),
                Arguments = ["-D", next, "-U", userName, $"--pwfile={passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
                LogFile = logFile,
                User = user,
            });
            if (!await initdb.WaitForExitAsync(InitDeadline) || await initdb.Exit != 0)
                throw new ServerStartException($"initdb failed: {LogTail.Of(logFile)}");
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(next, data);
        return data;
    }

    /// <summary>
    /// Postgres refuses to start while the pid in its lock file is alive, which after a crash may be anybody's.
    /// Whoever holds the directory's lock is the only launcher, so a living postmaster here is an orphan.
    /// </summary>
    public static void RemoveOrphan(string data)
    {
        var pidFile = Path.Combine(data, "postmaster.pid");
        if (!File.Exists(pidFile) || !int.TryParse(File.ReadLines(pidFile).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid))
            return;
        var running = Directory.Exists($"/proc/{pid}");
        if (running && WorkingDirectoryOf(pid) == data)
            Libc.Signal(pid, Signal.Quit);
        else if (running)
            File.Delete(pidFile);
    }

    private static string? WorkingDirectoryOf(int pid)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
