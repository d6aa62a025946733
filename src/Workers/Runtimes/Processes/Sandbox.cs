using System.Diagnostics;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>What this machine offers for keeping processes apart; found out once, by trying it.</summary>
internal sealed record Sandbox
{
    private const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The path of bubblewrap; null when it is missing or does not work here.</summary>
    public string? Bubblewrap { get; private init; }

    /// <summary>Why <see cref="Bubblewrap"/> is null.</summary>
    public string? BubblewrapFault { get; private init; }

    /// <summary>Whether <c>/tmp</c> can be given a size (bubblewrap 0.7).</summary>
    public bool SizesTmpfs { get; private init; }

    /// <summary>The worker is root: it mounts without a user namespace, and gives each container a user id of its own.</summary>
    public bool IsRoot { get; } = Libc.UserId() == 0;

    /// <summary>Paths of the small programs of util-linux and coreutils; null where missing.</summary>
    public string? SetPriv { get; } = FindProgram("setpriv");

    public string? SetSid { get; } = FindProgram("setsid");

    /// <summary><c>env</c>, where it can set signals back to their defaults.</summary>
    public string? Env { get; private init; }

    public static Sandbox Find()
    {
        var sandbox = new Sandbox { Env = FindProgram("env") is { } env && Succeeds(env, ["--default-signal", "true"], out _) ? env : null };
        if (FindProgram("bwrap") is not { } bwrap)
            return sandbox with { BubblewrapFault = "it is not installed" };
        if (Succeeds(bwrap, Probe(sandbox.IsRoot, sized: true), out var fault))
            return sandbox with { Bubblewrap = bwrap, SizesTmpfs = true };
        return Succeeds(bwrap, Probe(sandbox.IsRoot, sized: false), out _)
            ? sandbox with { Bubblewrap = bwrap }
            : sandbox with { BubblewrapFault = $"it does not work here ({fault})" };
    }

    public static string? FindProgram(string name) => Path.Split(':').Select(directory => $"{directory}/{name}").FirstOrDefault(File.Exists);

    /// <summary>What all programs of the launch get, and nothing of the worker's.</summary>
    public static void Clean(ProcessStartInfo info)
    {
        info.Environment.Clear();
        info.Environment["PATH"] = Path;
        info.Environment["LANG"] = "C.UTF-8";
    }

    private static string[] Probe(bool isRoot, bool sized) =>
    [
        .. isRoot ? (string[])[] : ["--unshare-user"],
        "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--die-with-parent", "--new-session",
        "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
        .. sized ? (string[])["--size", "1048576"] : [],
        "--tmpfs", "/tmp", "--", "true",
    ];

    private static bool Succeeds(string program, string[] arguments, out string fault)
    {
        var info = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Clean(info);
        try
        {
            using var process = Process.Start(info)!;
            process.StandardInput.Close();
            fault = process.StandardError.ReadToEnd().ReplaceLineEndings(" ").Trim();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            fault = exception.Message;
            return false;
        }
    }
}
