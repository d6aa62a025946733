using Orchestrator.Local.Servers;
using Orchestrator.Local.Storage;

namespace Orchestrator.Bench.Clones;

/// <summary>A file system in a file, for one provider.</summary>
internal sealed class CloneDisk : IAsyncDisposable
{
    private const long Size = 8L << 30;

    private readonly LoopFileSystem _mounted;
    private readonly string _directory;

    private CloneDisk(LoopFileSystem mounted, string directory) => (_mounted, _directory) = (mounted, directory);

    public string Path => _mounted.MountPoint;

    /// <exception cref="MeasurementException">It cannot be had here.</exception>
    public static async Task<CloneDisk> CreateAsync(string kind, string name)
    {
        if (LoopFileSystem.Missing(kind) is { } reason)
            throw new MeasurementException($"The benchmark of clones needs {kind} in a file: {reason}.");
        var directory = Checkout.RunDirectory("bench", $"disk-{name}");
        await LoopFileSystem.DeleteAsync(directory);
        string[] options = kind switch
        {
            "xfs" => ["-q", "-m", "reflink=1", "-d", "cowextsize=2"],
            "btrfs" => ["-q"],
            _ => ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
        };
        return new CloneDisk(await LoopFileSystem.MountAsync(kind, directory, Size, options), directory);
    }

    /// <summary>What is taken of it, as statfs says when all is written.</summary>
    public async Task<long> UsedAsync()
    {
        await using var sync = await ChildProcess.StartAsync(new ChildStart { FileName = Binaries.Require("sync"), Arguments = ["-f", Path], LogFile = "/dev/null" });
        await sync.Exit;
        var drive = new DriveInfo(Path);
        return drive.TotalSize - drive.AvailableFreeSpace;
    }

    public async ValueTask DisposeAsync()
    {
        await _mounted.DisposeAsync();
        await LoopFileSystem.DeleteAsync(_directory);
    }
}
