using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Storage;

/// <summary>
/// Where <c>./run</c> keeps its clones: a sparse XFS in a file where this process is root and the checkout's file system
/// cannot share blocks between files, else a plain directory.
/// </summary>
internal sealed class CloneDirectory : IAsyncDisposable
{
    private const long Gigabyte = 1L << 30;
    private const long Largest = 64 * Gigabyte;
    private const double ShareOfFree = 0.8;

    private readonly LoopFileSystem? _mounted;

    private CloneDirectory(string path, LoopFileSystem? mounted) => (Path, _mounted) = (path, mounted);

    /// <summary>The setting <c>Clones:Directory</c>.</summary>
    public string Path { get; }

    /// <summary>Makes it ready, and says when clones will be full copies.</summary>
    public static async Task<CloneDirectory> OpenAsync(RunConsole console)
    {
        // Of a run that was killed; where ./run has mounts of its own the kernel did this already.
        await LoopFileSystem.ReleaseAsync(RunPaths.ClonesDisk);
        Directory.CreateDirectory(RunPaths.Dumps);
        Directory.CreateDirectory(RunPaths.Clones);
        if (Environment.GetEnvironmentVariable("Clones__Directory") is { Length: > 0 } chosen)
            return new CloneDirectory(chosen, mounted: null);
        if (!Directory.Exists(RunPaths.ClonesDisk) && await SharesBlocksAsync(RunPaths.Clones))
            return new CloneDirectory(RunPaths.Clones, mounted: null);
        if (LoopFileSystem.Missing("xfs") is { } reason)
            return Plain(reason);
        try
        {
            var size = Math.Clamp((long)(new DriveInfo(RunPaths.Directory).AvailableFreeSpace * ShareOfFree), Gigabyte, Largest);
            var mounted = await LoopFileSystem.MountAsync("xfs", RunPaths.ClonesDisk, size, "-q", "-m", "reflink=1", "-d", "cowextsize=2");
            return new CloneDirectory(System.IO.Path.Combine(mounted.MountPoint, "clones"), mounted);
        }
        catch (ServerStartException exception)
        {
            return Plain(exception.Message);
        }

        CloneDirectory Plain(string reason)
        {
            console.Note($"Clones will be full copies: this file system cannot share blocks between files, and {reason}");
            return new CloneDirectory(RunPaths.Clones, mounted: null);
        }
    }

    /// <summary>Forgets all snapshots and clones.</summary>
    public static async Task DeleteAsync()
    {
        await LoopFileSystem.DeleteAsync(RunPaths.ClonesDisk);
        // Snapshots of btrfs are removed like directories, once they may be written again.
        if (Directory.Exists(RunPaths.Clones))
            await RunAsync("sh", "-c", "find \"$0\" -maxdepth 4 -name data -exec btrfs property set -ts {} ro false \\; 2>/dev/null; rm -rf -- \"$0\"", RunPaths.Clones);
    }

    public async ValueTask DisposeAsync()
    {
        if (_mounted is not null)
            await _mounted.DisposeAsync();
    }

    private static async Task<bool> SharesBlocksAsync(string directory)
    {
        var (from, to) = (System.IO.Path.Combine(directory, "probe.from"), System.IO.Path.Combine(directory, "probe.to"));
        await File.WriteAllBytesAsync(from, new byte[8192]);
        try
        {
            return await RunAsync("cp", "--reflink=always", "--", from, to) == 0;
        }
        finally
        {
            File.Delete(from);
            File.Delete(to);
        }
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        await using var process = await ChildProcess.StartAsync(new ChildStart { FileName = Binaries.Require(program), Arguments = arguments, LogFile = "/dev/null" });
        return await process.Exit;
    }
}
