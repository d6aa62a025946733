using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Local.Servers;

/// <summary>
/// The directory of one private server: its data, its settings, and a lock that the running launcher holds.
/// </summary>
internal sealed class ServerDirectory : IDisposable
{
    private const string OutsideCheckout = "/var/lib/orchestrator";

    private const UnixFileMode Traversable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly FileStream _held;

    private ServerDirectory(string path, FileStream held)
    {
        Path = path;
        _held = held;
    }

    /// <summary>The real path, free of symbolic links of ours.</summary>
    public string Path { get; }

    /// <summary>The settings that survive restarts: ports, password, node name.</summary>
    public Dictionary<string, string> Settings => KeyValueFile.Read(SettingsFile);

    private string SettingsFile => File("settings");

    /// <summary>Creates the directory if need be and locks it.</summary>
    /// <exception cref="ServerStartException">Another process uses it.</exception>
    public static ServerDirectory Open(string path, SystemUser? user)
    {
        path = System.IO.Path.GetFullPath(path);
        var real = user is null || IsReachable(path) ? path : PlaceOutside(path);
        Directory.CreateDirectory(real, Traversable);
        var directory = new ServerDirectory(real, Lock(real));
        if (real != path && !Directory.Exists(path))
        {
            // Whoever removed the link wanted the data gone.
            directory.Clear();
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            Directory.CreateSymbolicLink(path, real);
        }

        return directory;
    }

    /// <summary>Removes the directory with all data; the server must not be running.</summary>
    public static void Delete(string path)
    {
        var link = new DirectoryInfo(path).LinkTarget;
        if (Directory.Exists(link ?? path))
            Directory.Delete(link ?? path, recursive: true);
        if (link is not null)
            System.IO.File.Delete(path);
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Keeps each setting that exists, adds the missing ones.</summary>
    public Dictionary<string, string> Remember(IReadOnlyDictionary<string, Func<string>> defaults)
    {
        var settings = Settings;
        foreach (var (name, create) in defaults)
        {
            if (!settings.ContainsKey(name))
                settings[name] = create();
        }

        KeyValueFile.Write(SettingsFile, settings);
        return settings;
    }

    /// <summary>The remembered ports, except that a port which somebody else took meanwhile is replaced.</summary>
    public int[] RememberPorts(params string[] names)
    {
        var settings = Settings;
        foreach (var name in names)
        {
            while (!settings.TryGetValue(name, out var text) || !FreePort.IsFree(int.Parse(text)) || names.Count(other => settings.GetValueOrDefault(other) == text) > 1)
                settings[name] = FreePort.Next().ToString();
        }

        KeyValueFile.Write(SettingsFile, settings);
        return [.. names.Select(name => int.Parse(settings[name]))];
    }

    public void Dispose() => _held.Dispose();

    private void Clear()
    {
        foreach (var entry in new DirectoryInfo(Path).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo directory)
                directory.Delete(recursive: true);
            else if (entry.FullName != _held.Name)
                entry.Delete();
        }
    }

    private static FileStream Lock(string directory)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new ServerStartException($"{directory} is in use by another process", exception);
        }
    }

    // A server's own user cannot enter, say, /root/checkout: its files then live beside the machine's
    // other server data, with a link at the expected place.
    private static string PlaceOutside(string path)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..12];
        return new DirectoryInfo(path).LinkTarget ?? System.IO.Path.Combine(OutsideCheckout, $"{System.IO.Path.GetFileName(path)}-{hash}");
    }

    private static bool IsReachable(string path)
    {
        for (var directory = new DirectoryInfo(path).Parent; directory is not null; directory = directory.Parent)
        {
            if (directory.Exists && !directory.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                return false;
        }

        return true;
    }
}
