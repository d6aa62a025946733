using System.Diagnostics;
using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Examples;

/// <summary>
/// The functions below <c>examples/functions</c>, put where the workers find their images: one on the official FDK from
/// npm, one in C# on a small one of ours.
/// </summary>
internal sealed class FunctionExamples : IExample
{
    public const string Node = "hello-node";
    public const string CSharp = "hello-csharp";
    public const string Tag = "0.0.1";

    private static readonly TimeSpan InstallPatience = TimeSpan.FromMinutes(3);

    public IEnumerable<KeyValuePair<string, string>> Settings => [new("Functions__Root", RunPaths.Functions)];

    public async Task RegisterAsync(RunContext run, CancellationToken cancellationToken)
    {
        var node = Target(Node);
        await run.Console.StepAsync("Installing the example functions", "Example functions are in .run/functions", async () =>
        {
            Copy(Source(Node), node);
            if (!Directory.Exists(Path.Combine(node, "node_modules", "@fnproject", "fdk")))
                await InstallAsync(node, cancellationToken);
            Copy(Path.Combine(Checkout.Root, "artifacts", "bin", "HelloCsharp", "release"), Target(CSharp));
        });
    }

    private static string Source(string name) => Path.Combine(Checkout.Root, "examples", "functions", name);

    private static string Target(string name) => Directory.CreateDirectory(Path.Combine(RunPaths.Functions, name, Tag)).FullName;

    private static void Copy(string source, string target)
    {
        foreach (var file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
    }

    private static async Task InstallAsync(string directory, CancellationToken cancellationToken)
    {
        if (Binaries.Find("npm") is not { } npm)
            throw new RunFailedException("npm is not installed; the example on the official FDK needs Node and npm.");
        var log = RunPaths.Log("npm");
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" install --omit=dev --no-audit --no-fund --no-package-lock > \"$1\" 2>&1", npm, log]) { WorkingDirectory = directory };
        using var process = Process.Start(start) ?? throw new RunFailedException("npm does not start.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(InstallPatience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new RunFailedException($"npm did not install the official FDK in time: see {RunPaths.Relative(log)}");
        }

        if (process.ExitCode != 0)
            throw new RunFailedException($"npm could not install the official FDK: see {RunPaths.Relative(log)}");
    }
}
