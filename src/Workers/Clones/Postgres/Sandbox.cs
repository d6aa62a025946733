using System.Globalization;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>How the processes of a clone are held.</summary>
internal enum SandboxKind
{
    /// <summary>We are root: an unprivileged uid that is nobody else's, in namespaces of its own.</summary>
    Root,

    /// <summary>We are not: our own uid, in namespaces below a user namespace.</summary>
    UserNamespace,

    /// <summary>No namespaces here: superusers are refused, because they could run programs on the machine.</summary>
    None,
}

/// <summary>A directory or file that a sandbox sees, at a path of the sandbox's own.</summary>
internal sealed record Bind(string Outside, string Inside, bool IsReadOnly = false);

/// <summary>
/// The walls around a clone's processes: a file system that holds the system's programs, read-only, and the clone's own
/// directory; a process tree and shared memory of their own, which end with their first process; no capability and no way
/// to gain one. A clone's superuser may run any program in there (<c>COPY … PROGRAM</c>).
/// </summary>
internal sealed class Sandbox
{
    /// <summary>Marks our processes in their environment, with the storage's id as value.</summary>
    public const string Marker = "ORCHESTRATOR_CLONES";

    private const string UserInside = "clone";
    private const string TemporaryBytes = "268435456";

    private readonly string[] _walls;

    private Sandbox(SandboxKind kind, uint? uid, string etc)
    {
        Kind = kind;
        Uid = uid;
        _walls = kind is SandboxKind.None ? [] : [.. Walls(kind, etc)];
    }

    public SandboxKind Kind { get; }

    /// <summary>Whose the files of clones are; null when they are ours.</summary>
    public uint? Uid { get; }

    /// <summary>Names that a client on the clone's socket may have as seen by Postgres: ours first.</summary>
    public IEnumerable<string> OutsideNames => Kind switch
    {
        SandboxKind.Root => ["root"],
        SandboxKind.UserNamespace => [UserInside],
        _ => [Environment.UserName],
    };

    /// <summary>The name of whoever runs in the sandbox.</summary>
    public string InsideName => Kind is SandboxKind.None ? Environment.UserName : UserInside;

    /// <summary>Tries the best walls first.</summary>
    public static async Task<Sandbox> CreateAsync(StorageLayout layout, long uid, CancellationToken cancellationToken)
    {
        var isRoot = Environment.IsPrivilegedProcess;
        await WriteEtcAsync(layout.Etc, isRoot ? (uint)uid : null, cancellationToken);
        var kind = isRoot ? SandboxKind.Root : SandboxKind.UserNamespace;
        var sandbox = new Sandbox(kind, isRoot ? (uint)uid : null, layout.Etc);
        if (File.Exists("/usr/bin/bwrap") && (await Command.RunAsync(sandbox.Wrap(["/usr/bin/true"], []), cancellationToken)).Succeeded)
            return sandbox;
        return new Sandbox(SandboxKind.None, sandbox.Uid, layout.Etc);
    }

    /// <summary>The path at which a process in here finds a bind.</summary>
    public string PathOf(Bind bind) => Kind is SandboxKind.None ? bind.Outside : bind.Inside;

    /// <summary>The command line that runs a command in here.</summary>
    public IReadOnlyList<string> Wrap(IEnumerable<string> command, IEnumerable<Bind> binds)
    {
        string[] user = Uid is { } uid
            ? ["setpriv", $"--reuid={Text(uid)}", $"--regid={Text(uid)}", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--pdeathsig", "KILL", "--"]
            : [];
        if (Kind is SandboxKind.None)
            return [.. user, .. command];
        return
        [
            .. _walls,
            .. binds.SelectMany(bind => (string[])[bind.IsReadOnly ? "--ro-bind" : "--bind", bind.Outside, bind.Inside]),
            "--", .. user, .. command,
        ];
    }

    /// <summary>Makes a directory that processes in here may write to.</summary>
    public void CreateDirectory(string directory)
    {
        Directory.CreateDirectory(directory, DirectoryTree.OwnerOnly);
        Own(directory);
    }

    /// <summary>Gives a path of ours to the processes in here.</summary>
    public void Own(string path)
    {
        if (Uid is { } uid)
            SystemCalls.ChangeOwner(path, uid);
    }

    private static IEnumerable<string> Walls(SandboxKind kind, string etc)
    {
        string[] start =
        [
            "bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            .. kind is SandboxKind.Root
                ? (string[])["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
                : ["--unshare-user", "--cap-drop", "ALL"],
            "--ro-bind", "/usr", "/usr",
        ];
        var links = ((string[])["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]).Where(Directory.Exists).SelectMany(path =>
            new DirectoryInfo(path).LinkTarget is { } target ? (string[])["--symlink", target, path] : ["--ro-bind", path, path]);
        string[] end =
        [
            "--ro-bind", etc, "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try", "/etc/ssl/certs", "/etc/ssl/certs",
            "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", "--ro-bind-try", "/etc/hosts", "/etc/hosts",
            "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", TemporaryBytes, "--tmpfs", "/tmp", "--perms", "1777", "--tmpfs", "/dev/shm", "--perms", "0755", "--dir", "/clone",
        ];
        return [.. start, .. links, .. end];
    }

    /// <summary>Tools ask for the names of users; the machine's own accounts are nobody's business in there.</summary>
    private static async Task WriteEtcAsync(string etc, uint? uid, CancellationToken cancellationToken)
    {
        const UnixFileMode readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(etc, readable);
        foreach (var name in (string[])["ssl/certs"])
            Directory.CreateDirectory(Path.Combine(etc, name), readable);
        var (own, group) = uid is { } other ? (Text(other), Text(other)) : (await IdAsync("-u", cancellationToken), await IdAsync("-g", cancellationToken));
        await WriteAsync("passwd", $"root:x:0:0:root:/:/usr/sbin/nologin\n{UserInside}:x:{own}:{group}:clone:/tmp:/bin/sh\n");
        await WriteAsync("group", $"root:x:0:\n{UserInside}:x:{group}:\n");
        await WriteAsync("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
        foreach (var name in (string[])["ld.so.cache", "resolv.conf", "hosts"])
            await WriteAsync(name, "");

        async Task WriteAsync(string name, string content)
        {
            var file = Path.Combine(etc, name);
            await File.WriteAllTextAsync(file, content, cancellationToken);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }

    private static async Task<string> IdAsync(string option, CancellationToken cancellationToken) =>
        (await Command.RequireAsync(["id", option], cancellationToken)).Output.Trim();

    private static string Text(uint uid) => uid.ToString(CultureInfo.InvariantCulture);
}
