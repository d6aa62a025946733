namespace Orchestrator.Local.Servers;

/// <summary>The checkout that this program was built in.</summary>
public static class Checkout
{
    /// <summary>The directory that holds <c>Orchestrator.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary><c>.run/…</c>: everything that running leaves behind.</summary>
    public static string RunDirectory(params ReadOnlySpan<string> below) => Path.Combine([Root, ".run", .. below]);

    /// <summary>The built program of one of the hosts, such as <c>Orchestrator.Api</c>.</summary>
    public static string Host(string project) =>
        Path.Combine(Root, "artifacts", "bin", project, "release", project + ".dll");

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Orchestrator.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not below a checkout");
    }
}
