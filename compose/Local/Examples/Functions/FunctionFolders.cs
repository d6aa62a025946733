using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Examples.Functions;

/// <summary>Puts <c>examples/functions</c> where the process runtime finds images: a folder <c>name/version</c> each.</summary>
internal static class FunctionFolders
{
    public const string Version = "0.0.1";

    private static readonly string Source = Path.Combine(Checkout.Root, "examples", "functions");

    // Installed by the script: the unmodified FDK.
    private static readonly string NodeModules = Checkout.RunDirectory("npm", "fdk", "node_modules");

    /// <exception cref="RunFailedException">They were not built, or the FDK was not installed.</exception>
    public static void Install()
    {
        if (Directory.Exists(NodeModules))
            Replace("hello-node", [Path.Combine(Source, "hello-node")], NodeModules);
        var built = Path.Combine(Checkout.Root, "artifacts", "bin", "HelloFunction", "release");
        if (!Directory.Exists(built))
            throw new RunFailedException($"{RunPaths.Relative(built)} is missing: build Orchestrator.sln.");
        Replace("hello-dotnet", [built], nodeModules: null);
    }

    /// <summary>Whether the Node example could be installed.</summary>
    public static bool HasNode => Directory.Exists(Path.Combine(RunPaths.Functions, "hello-node", Version));

    // Beside its place and then moved there: a function that starts meanwhile sees one or the other.
    private static void Replace(string name, string[] sources, string? nodeModules)
    {
        var target = Path.Combine(RunPaths.Functions, name, Version);
        var fresh = $"{target}.new";
        if (Directory.Exists(fresh))
            Directory.Delete(fresh, recursive: true);
        foreach (var source in sources)
            Copy(source, fresh);
        if (nodeModules is not null)
            Copy(nodeModules, Path.Combine(fresh, "node_modules"));
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        Directory.Move(fresh, target);
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            if (new FileInfo(file).LinkTarget is null)
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }

        foreach (var directory in Directory.EnumerateDirectories(source))
            Copy(directory, Path.Combine(target, Path.GetFileName(directory)));
    }
}
