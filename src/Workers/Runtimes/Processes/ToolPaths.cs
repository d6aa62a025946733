using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>Where the machine keeps .NET and Node when they are not below <c>/usr</c> or <c>/opt</c>, which containers see anyway.</summary>
internal static class ToolPaths
{
    public static IEnumerable<string> Find()
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return ((string?[])[dotnet, Node()]).OfType<string>().Where(IsElsewhere);
    }

    // PREFIX/bin/node: the prefix is what Node needs.
    private static string? Node() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(directory => Libc.RealPath($"{directory}/node"))
        .OfType<string>()
        .Select(node => Path.GetDirectoryName(Path.GetDirectoryName(node)))
        .FirstOrDefault();

    // Never a directory as wide as a home.
    private static bool IsElsewhere(string path) =>
        !path.StartsWith("/usr", StringComparison.Ordinal) && !path.StartsWith("/opt", StringComparison.Ordinal)
        && path.Count(c => c == '/') >= 2 && path.TrimEnd('/') != Environment.GetEnvironmentVariable("HOME") && Directory.Exists(path);
}
