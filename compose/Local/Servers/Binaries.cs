namespace Orchestrator.Local.Servers;

/// <summary>Finds programs on this machine.</summary>
internal static class Binaries
{
    private static readonly string[] Usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>Looks through <paramref name="preferred"/>, PATH and the usual directories.</summary>
    public static string? Find(string name, params IEnumerable<string> preferred)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return preferred.Concat(path).Concat(Usual).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
    }

    /// <exception cref="ServerStartException">It is nowhere.</exception>
    public static string Require(string name, params IEnumerable<string> preferred) =>
        Find(name, preferred) ?? throw new ServerStartException($"{name} is not installed (looked in PATH{string.Concat(preferred.Select(directory => ", " + directory))})");

    /// <summary>Subdirectories such as <c>/usr/lib/postgresql/*/bin</c>, the highest version first.</summary>
    public static IEnumerable<string> Versions(string parent, string pattern, string below)
    {
        if (!Directory.Exists(parent))
            return [];
        return Directory.EnumerateDirectories(parent, pattern)
            .OrderByDescending(VersionOf)
            .Select(directory => Path.Combine(directory, below))
            .Where(Directory.Exists);
    }

    private static Version VersionOf(string directory)
    {
        var text = Path.GetFileName(directory).Split('-')[^1];
        return Version.TryParse(text.Contains('.', StringComparison.Ordinal) ? text : text + ".0", out var version) ? version : new Version();
    }
}
