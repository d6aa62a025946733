using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orchestrator.Workers.Clones.Storage;
using Orchestrator.Workers.Runtimes.Cgroups;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>
/// A running Postgres as our child. It and everything that it started end with us, however we end: the kernel sees to it.
/// </summary>
internal sealed class PostgresProcess : IAsyncDisposable
{
    private const int Interrupt = 2;
    private const int Quit = 3;
    private const int Kill = 9;
    private const int Nothing = 0;
    private const int LongestTail = 8192;
    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMilliseconds(50);

    // Joins the groups that are named before the "--", then becomes the command.
    private const string Launch = "until [ \"$1\" = -- ]; do echo 0 >\"$1\" || exit 98; shift; done; shift; exec \"$@\" >>\"$0\" 2>&1 </dev/null";

    private readonly Process _process;
    private readonly PostgresStart _start;
    private readonly long _logStart;
    private readonly int _child;
    private int _root = -1;
    private int _postmaster = -1;

    private PostgresProcess(Process process, PostgresStart start, long logStart)
    {
        (_process, _start, _logStart) = (process, start, logStart);
        _child = SystemCalls.OpenProcess(process.Id);
        Exit = WaitAsync();
    }

    /// <summary>Completes when all its processes are gone. Never faults.</summary>
    public Task<int> Exit { get; }

    /// <summary>The id of our direct child: the sandbox's, or the postmaster's where there is no sandbox.</summary>
    public int Pid => _process.Id;

    /// <summary>Starts it; the data directory must be nobody else's.</summary>
    public static async Task<PostgresProcess> StartAsync(PostgresStart start)
    {
        // A lock file is left by a kill -9; whoever wrote it is gone, as the caller knows.
        File.Delete(Path.Combine(start.OwnFiles, "postmaster.pid"));
        var logStart = File.Exists(start.LogFile) ? new FileInfo(start.LogFile).Length : 0;
        string[] launch = ["sh", "-c", Launch, start.LogFile, .. start.Cgroup?.JoinFiles ?? [], "--"];
        string[] mount = start.Mount is { } overlay ? OverlayOnXfs.InNamespace(overlay) : [];
        var process = await Command.StartAsync([.. launch, .. mount, .. start.Command], start.Environment);
        process.StandardInput.Close();
        process.StandardOutput.Close();
        process.StandardError.Close();
        return new PostgresProcess(process, start, logStart);
    }

    /// <summary>Waits until it takes connections, recovery included.</summary>
    /// <exception cref="CloneFailedException">It ended, or the deadline passed first; it is gone then.</exception>
    public async Task UntilReadyAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        var pause = FirstPoll;
        while (!IsReady())
        {
            if (Exit.IsCompleted)
                throw new CloneFailedException(CloneFailure.PostgresFailed, $"Postgres did not start: {LastComplaint()}");
            if (Stopwatch.GetElapsedTime(since) > deadline)
            {
                await KillAsync();
                throw new CloneFailedException(CloneFailure.PostgresFailed, $"Postgres did not start within {deadline}: {LastComplaint()}");
            }

            await Task.WhenAny(Exit, Task.Delay(pause, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(1))
                pause = LongestPoll;
        }

        OpenPostmaster();
    }

    /// <summary>The fast shutdown: everything is written, so that the next start needs no recovery. Killed when it takes longer.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> StopAsync(TimeSpan grace)
    {
        OpenPostmaster();
        if (_postmaster >= 0 && !Exit.IsCompleted && SystemCalls.SignalProcess(_postmaster, Interrupt) && await EndsWithinAsync(grace))
            return true;
        if (Exit.IsCompleted)
            return true;
        if (_postmaster >= 0)
            SystemCalls.SignalProcess(_postmaster, Quit);
        await EndsWithinAsync(TimeSpan.FromSeconds(1));
        await KillAsync();
        return false;
    }

    /// <summary>
    /// Ends it and all that it started, and returns when they are gone: nobody has its port or its files any more. Its mount
    /// may take longer, because the kernel first writes what the file system has in memory: <see cref="Exit"/> tells.
    /// </summary>
    public async Task EndAsync()
    {
        OpenPostmaster();
        if (_root < 0)
        {
            await KillAsync();
            return;
        }

        SystemCalls.SignalProcess(_root, Kill);
        while (!Exit.IsCompleted && SystemCalls.SignalProcess(_root, Nothing))
            await Task.WhenAny(Exit, Task.Delay(FirstPoll));
    }

    /// <summary>Ends it and all that it started, at once, and waits for its mount too.</summary>
    public async Task KillAsync()
    {
        OpenPostmaster();
        // Where there is a namespace, its first process takes all others along, and our child ends when they are gone.
        if (!Exit.IsCompleted)
            SystemCalls.SignalProcess(_root >= 0 ? _root : _child, Kill);
        await Exit;
    }

    /// <summary>What Postgres complained about last since this start.</summary>
    public string LastComplaint()
    {
        var lines = Log().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var complaint = Array.FindLast(lines, IsFatal) ?? lines.LastOrDefault(line => line.Trim().Length > 0) ?? "it said nothing";
        // The line before says which parameter is wrong.
        if (complaint.Contains("contains errors", StringComparison.Ordinal))
            complaint = Array.FindLast(lines, line => line.Contains("parameter \"", StringComparison.Ordinal)) ?? complaint;
        var at = complaint.IndexOf("FATAL:", StringComparison.Ordinal);
        return at >= 0 ? complaint[at..].Trim() : complaint.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        foreach (var descriptor in (int[])[_child, _root, _postmaster])
        {
            if (descriptor >= 0)
                SystemCalls.Close(descriptor);
        }

        _process.Dispose();
    }

    private static bool IsFatal(string line) => line.Contains("FATAL:", StringComparison.Ordinal) || line.Contains("PANIC:", StringComparison.Ordinal);

    private string Log()
    {
        if (!File.Exists(_start.LogFile))
            return "";
        using var stream = new FileStream(_start.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = Math.Min(stream.Length, Math.Max(_logStart, stream.Length - LongestTail));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private bool IsReady()
    {
        var lines = Encoding.UTF8.GetString(SystemCalls.ReadForeign(Path.Combine(_start.OwnFiles, "postmaster.pid"), 1024)).Split('\n');
        return lines.Length >= 8 && lines[7].Trim() is "ready";
    }

    /// <summary>In a sandbox our child is the monitor, its child the first process of the namespace, and that one's first child the postmaster.</summary>
    private void OpenPostmaster()
    {
        if (_postmaster >= 0 || Exit.IsCompleted)
            return;
        var pid = _process.Id;
        for (var depth = 0; depth < _start.Depth; depth++)
        {
            if (FirstChildOf(pid) is not { } child)
                return;
            pid = child;
            if (depth == 0 && _root < 0)
                _root = SystemCalls.OpenProcess(pid);
        }

        _postmaster = SystemCalls.OpenProcess(pid);
    }

    private static int? FirstChildOf(int pid)
    {
        var file = $"/proc/{pid}/task/{pid}/children";
        try
        {
            var children = File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return children.Length > 0 ? int.Parse(children[0], CultureInfo.InvariantCulture) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private async Task<bool> EndsWithinAsync(TimeSpan grace)
    {
        try
        {
            await Exit.WaitAsync(grace);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        for (var pause = FirstPoll; _start.Cgroup?.Remove() is false && pause < LongestPoll; pause *= 2)
            await Task.Delay(pause);
        return _process.ExitCode;
    }
}

/// <summary>What to start as a <see cref="PostgresProcess"/>.</summary>
internal sealed record PostgresStart
{
    /// <summary>The whole command line, sandbox included.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Where its messages are appended.</summary>
    public required string LogFile { get; init; }

    /// <summary>Where postmaster.pid is found from outside.</summary>
    public required string OwnFiles { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>An overlay to mount first.</summary>
    public CloneMount? Mount { get; init; }

    /// <summary>The group that bounds its memory and processors; removed when it has ended.</summary>
    public ICgroup? Cgroup { get; init; }

    /// <summary>How many processes stand between our child and the postmaster.</summary>
    public required int Depth { get; init; }
}
