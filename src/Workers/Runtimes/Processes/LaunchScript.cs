using System.Globalization;
using System.Text;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>
/// The shell script that starts one container. It comes to the shell by a pipe, so that no variable of the container shows in a
/// list of processes; the variables themselves take effect only behind the sandbox, where they can hurt nobody else.
/// </summary>
internal sealed class LaunchScript(Sandbox sandbox, IReadOnlyList<string> readOnlyPaths)
{
    /// <summary>Where an image's folder is mounted, as in the images that the fn CLI builds.</summary>
    public const string ImageDirectory = "/function";

    private const string StartFile = "/run/start";

    private static readonly string[] EtcFiles =
    [
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "ca-certificates", "alternatives", "localtime", "timezone", "nsswitch.conf",
        "protocols", "services", "mime.types", "hosts", "fonts", "python3",
    ];

    /// <param name="spec">What to start.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="imagePath">The image's folder on this machine.</param>
    /// <param name="user">Whom it runs as; null means the worker's user.</param>
    /// <param name="joinFiles">The files of the cgroups to join.</param>
    /// <param name="outputs">The named pipes for stdout and stderr.</param>
    public string Render(ContainerSpec spec, IReadOnlyList<string> command, string? imagePath, uint? user, IReadOnlyList<string> joinFiles, (string Stdout, string Stderr) outputs)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"exec >{Quote(outputs.Stdout)} 2>{Quote(outputs.Stderr)}\n");
        foreach (var file in joinFiles)
            script.Append(CultureInfo.InvariantCulture, $"echo 0 >{Quote(file)} || exit 125\n");
        script.Append(CultureInfo.InvariantCulture, $"umask 022; ulimit -c 0; ulimit -n {spec.MaxOpenFiles} 2>/dev/null\n");

        List<string> words = ["exec"];
        if (sandbox.Env is { } env)
            words.AddRange([env, "--default-signal"]);
        var start = Start(spec);
        var end = $"END-{spec.Id}";
        if (sandbox.Bubblewrap is { } bwrap)
        {
            words.Add(bwrap);
            words.AddRange(Walls(spec, imagePath));
            words.Add("--");
            words.AddRange(Drop(user));
            words.AddRange(["/bin/sh", StartFile, .. command]);
            script.AppendJoin(' ', words.Select(Quote));
            script.Append(CultureInfo.InvariantCulture, $" </dev/null 3<<'{end}' 4<<'{end}'\n{start}{end}\n{Users(user)}{end}\n");
        }
        else
        {
            if ((spec.WorkingDirectory ?? imagePath) is { } directory)
                script.Append(CultureInfo.InvariantCulture, $"cd {Quote(directory)} || exit 125\n");
            words.AddRange(Drop(user));
            // A pipe cannot be opened anew by another user: what to run is read from the descriptor.
            words.AddRange(["/bin/sh", "-c", "eval \"$(cat <&3)\"", "sh", .. command]);
            script.AppendJoin(' ', words.Select(Quote));
            script.Append(CultureInfo.InvariantCulture, $" </dev/null 3<<'{end}'\nexec 3<&-\n{start}{end}\n");
        }

        return script.ToString();
    }

    private IEnumerable<string> Walls(ContainerSpec spec, string? imagePath)
    {
        List<string> words = ["--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", spec.Id];
        if (!sandbox.IsRoot)
            words.AddRange(["--unshare-user", "--uid", "1000", "--gid", "1000"]);
        if (spec.Network is ContainerNetwork.None)
            words.Add("--unshare-net");
        words.AddRange(["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/run"]);
        foreach (var path in (string[])["/usr", "/opt"])
            words.AddRange(["--ro-bind-try", path, path]);
        foreach (var path in (string[])["/bin", "/sbin", "/lib", "/lib32", "/lib64"])
            words.AddRange(new FileInfo(path).LinkTarget is { } target ? ["--symlink", target, path] : ["--ro-bind-try", path, path]);
        foreach (var file in EtcFiles)
            words.AddRange(["--ro-bind-try", $"/etc/{file}", $"/etc/{file}"]);
        if (spec.Network is ContainerNetwork.Host)
            words.AddRange(["--ro-bind-try", Libc.RealPath("/etc/resolv.conf") ?? "/etc/resolv.conf", "/etc/resolv.conf"]);
        words.AddRange(["--perms", "0444", "--ro-bind-data", "3", StartFile, "--perms", "0444", "--ro-bind-data", "4", "/etc/passwd"]);
        words.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        if (sandbox.SizesTmpfs && spec.TmpfsMiB > 0)
            words.AddRange(["--size", ((long)spec.TmpfsMiB << 20).ToString(CultureInfo.InvariantCulture)]);
        words.AddRange(["--perms", "1777", "--tmpfs", "/tmp"]);
        foreach (var path in readOnlyPaths)
        {
            // The directories above would be made for root alone.
            foreach (var directory in Above(path))
                words.AddRange(["--perms", "0755", "--dir", directory]);
            words.AddRange(["--ro-bind-try", path, path]);
        }

        if (imagePath is not null)
            words.AddRange(["--ro-bind", imagePath, ImageDirectory]);
        foreach (var mount in spec.Mounts)
            words.AddRange([mount.Writable ? "--bind" : "--ro-bind", mount.Source, mount.Target]);
        words.AddRange(["--chdir", spec.WorkingDirectory ?? (imagePath is null ? "/tmp" : ImageDirectory)]);
        // The root itself is in memory: it holds nothing of the function's.
        words.AddRange(["--remount-ro", "/"]);
        return words;
    }

    private static IEnumerable<string> Above(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(1, Math.Max(parts.Length - 1, 0)).Select(count => "/" + string.Join('/', parts.Take(count)));
    }

    private string[] Drop(uint? user)
    {
        if (sandbox.SetPriv is not { } setpriv)
            return [];
        return user is null
            ? [setpriv, "--no-new-privs"]
            : [setpriv, $"--reuid={user}", $"--regid={user}", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
    }

    // Run by a shell behind the walls: it sets the variables and becomes the program.
    private static string Start(ContainerSpec spec)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = "/tmp",
            ["LANG"] = "C.UTF-8",
        };
        foreach (var (name, value) in spec.Environment)
            variables[name] = value;

        var start = new StringBuilder();
        var odd = new StringBuilder();
        foreach (var (name, value) in variables)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal) || value.Contains('\0', StringComparison.Ordinal))
                throw new ContainerStartException($"The variable {name} cannot be set.");
            if (IsShellName(name))
                start.Append(CultureInfo.InvariantCulture, $"export {name}={Quote(value)}\n");
            else
                odd.Append(CultureInfo.InvariantCulture, $" {Quote($"{name}={value}")}");
        }

        return start.Append(odd.Length == 0 ? "exec \"$@\"\n" : $"exec env --{odd} \"$@\"\n").ToString();
    }

    private static string Users(uint? user) => string.Create(
        CultureInfo.InvariantCulture, $"root:x:0:0:root:/:/bin/sh\nfunction:x:{user ?? 1000}:{user ?? 1000}::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");

    private static bool IsShellName(string name) =>
        (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
