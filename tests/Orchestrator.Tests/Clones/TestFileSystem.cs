using Orchestrator.Local.Servers;
using Orchestrator.Local.Storage;

namespace Orchestrator.Tests.Clones;

/// <summary>A file system of a test's own in a file; those of test runs that were killed are released first.</summary>
internal sealed class TestFileSystem : IAsyncDisposable
{
    private const long Size = 2L << 30;
    private static readonly string Root = Checkout.RunDirectory("test-fs");
    private static readonly SemaphoreSlim Clearing = new(1, 1);
    private static bool s_isCleared;

    private readonly LoopFileSystem _mounted;
    private readonly string _directory;

    private TestFileSystem(LoopFileSystem mounted, string directory) => (_mounted, _directory) = (mounted, directory);

    public string Path => _mounted.MountPoint;

    /// <summary>Skips the test with the reason where this cannot be had.</summary>
    public static async Task<TestFileSystem> CreateAsync(string kind)
    {
        if (LoopFileSystem.Missing(kind) is { } reason)
            Assert.Skip(reason);
        await ClearAsync();
        var directory = System.IO.Path.Combine(Root, $"{Environment.ProcessId}-{kind}-{Guid.CreateVersion7():N}");
        string[] options = kind switch
        {
            "xfs" => ["-q", "-m", "reflink=1", "-d", "cowextsize=2"],
            "btrfs" => ["-q"],
            _ => ["-q", "-F", "-m", "0"],
        };
        return new TestFileSystem(await LoopFileSystem.MountAsync(kind, directory, Size, options), directory);
    }

    /// <summary>What is taken of it now, as statfs says when all is written.</summary>
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

    /// <summary>A directory is named after the process that made it.</summary>
    private static async Task ClearAsync()
    {
        await Clearing.WaitAsync();
        try
        {
            if (s_isCleared || !Directory.Exists(Root))
                return;
            foreach (var left in Directory.EnumerateDirectories(Root))
            {
                if (int.TryParse(System.IO.Path.GetFileName(left).Split('-')[0], out var pid) && !IsTestRun(pid))
                    await LoopFileSystem.DeleteAsync(left);
            }

            s_isCleared = true;
        }
        finally
        {
            Clearing.Release();
        }
    }

    // A process that merely got the same id keeps the directory for one run more.
    private static bool IsTestRun(int pid) => pid == Environment.ProcessId || Directory.Exists($"/proc/{pid}");
}
