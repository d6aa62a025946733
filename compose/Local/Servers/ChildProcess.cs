using System.Diagnostics;

namespace Orchestrator.Local.Servers;

/// <summary>
/// A program as a direct child of this process. It dies with this process, however that ends, and it has a
/// session of its own, so that a Ctrl-C in the terminal reaches it only through us.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    // Every step execs the next one, so the pid stays that of the program.
    private const string Redirect = "exec \"$@\" >>\"$0\" 2>&1 </dev/null";

    private readonly Process _process;

    private ChildProcess(Process process)
    {
        _process = process;
        Pid = process.Id;
        Exit = WaitAsync(process);
    }

    /// <summary>The process id of the program itself.</summary>
    public int Pid { get; }

    /// <summary>Completes when the program ends, with its exit code (128 + signal when a signal ended it). Never faults.</summary>
    public Task<int> Exit { get; }

    public bool HasExited => Exit.IsCompleted;

    /// <exception cref="ServerStartException">The program, setsid or setpriv is missing.</exception>
    public static async Task<ChildProcess> StartAsync(ChildStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        var info = new ProcessStartInfo(Binaries.Require("sh"))
        {
            UseShellExecute = false,
            WorkingDirectory = start.WorkingDirectory,
            // Redirected and closed at once: otherwise .NET lends the terminal to the child.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in CommandLine(start))
            info.ArgumentList.Add(argument);
        info.Environment.Clear();
        foreach (var (name, value) in start.Environment)
            info.Environment[name] = value;

        var started = await SpawnThread.RunAsync(() => Process.Start(info)!);
        started.StandardInput.Close();
        started.StandardOutput.Close();
        started.StandardError.Close();
        return new ChildProcess(started);
    }

    /// <summary>Sends a signal to the program only, not to its children; false when it has already ended.</summary>
    public bool Kill(Signal signal) => !HasExited && Libc.Signal(Pid, signal);

    /// <summary>Waits for the end; false when the deadline passes first.</summary>
    public async Task<bool> WaitForExitAsync(TimeSpan deadline)
    {
        try
        {
            await Exit.WaitAsync(deadline);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Sends <paramref name="signal"/>, and <see cref="Signal.Kill"/> when the program is still there after <paramref name="grace"/>.</summary>
    public async Task StopAsync(Signal signal, TimeSpan grace)
    {
        Kill(signal);
        if (await WaitForExitAsync(grace))
            return;
        Kill(Signal.Kill);
        await Exit;
    }

    public async ValueTask DisposeAsync()
    {
        Kill(Signal.Kill);
        await Exit;
        _process.Dispose();
    }

    private static IEnumerable<string> CommandLine(ChildStart start)
    {
        string[] fixedPart =
        [
            "-c", Redirect, start.LogFile,
            Binaries.Require("setsid"),
            Binaries.Require("setpriv"), "--pdeathsig", NameOf(start.OnLauncherDeath),
        ];
        string[] user = start.User is { } other ? [$"--reuid={other.Uid}", $"--regid={other.Gid}", "--clear-groups"] : [];
        return [.. fixedPart, .. user, "--", start.FileName, .. start.Arguments];
    }

    // setpriv takes names only, and knows them without SIG.
    private static string NameOf(Signal signal) => signal switch
    {
        Signal.Interrupt => "INT",
        Signal.Terminate => "TERM",
        _ => signal.ToString().ToUpperInvariant(),
    };

    private static async Task<int> WaitAsync(Process started)
    {
        await started.WaitForExitAsync();
        return started.ExitCode;
    }
}
