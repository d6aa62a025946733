using System.Globalization;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Storage;

/// <summary>
/// A file system of a kind of our choice in a sparse file, mounted while this process needs it. What a process that was
/// killed left mounted is found again by the same directory, and released.
/// </summary>
public sealed class LoopFileSystem : IAsyncDisposable
{
    private const int UnmountAttempts = 50;
    private static readonly TimeSpan AttemptInterval = TimeSpan.FromMilliseconds(100);

    private readonly string _directory;

    private LoopFileSystem(string directory) => _directory = directory;

    /// <summary>Where it is mounted.</summary>
    public string MountPoint => MountPointOf(_directory);

    /// <summary>Why this process cannot mount such a file system; null when it can.</summary>
    public static string? Missing(string kind)
    {
        if (!Environment.IsPrivilegedProcess)
            return "only root may mount file systems";
        if (!File.Exists("/dev/loop-control"))
            return "there are no loop devices here";
        return Binaries.Find($"mkfs.{kind}") is null ? $"mkfs.{kind} is not installed" : null;
    }

    /// <summary>Mounts the file system that <paramref name="directory"/> keeps, and makes it the first time.</summary>
    /// <param name="kind">As in <c>mkfs.KIND</c>.</param>
    /// <param name="directory">Holds the file and the mount point; must be the caller's alone.</param>
    /// <param name="bytes">The size of a new one; the file grows as it is written.</param>
    /// <param name="options">Options of mkfs.</param>
    /// <exception cref="ServerStartException">It cannot be made or mounted.</exception>
    public static async Task<LoopFileSystem> MountAsync(string kind, string directory, long bytes, params string[] options)
    {
        directory = Path.GetFullPath(directory);
        await ReleaseAsync(directory);
        Directory.CreateDirectory(MountPointOf(directory));
        var image = ImageOf(directory);
        if (!File.Exists(image))
        {
            var next = image + ".next";
            File.Delete(next);
            await using (var stream = new FileStream(next, FileMode.CreateNew))
                stream.SetLength(bytes);
            await RequireAsync([Binaries.Require($"mkfs.{kind}"), .. options, next]);
            File.Move(next, image);
        }

        await RequireAsync([Binaries.Require("mount"), "-t", kind, "-o", "loop,noatime,discard", image, MountPointOf(directory)]);
        return new LoopFileSystem(directory);
    }

    /// <summary>Unmounts what a killed process left mounted there.</summary>
    public static async Task ReleaseAsync(string directory)
    {
        var point = MountPointOf(Path.GetFullPath(directory));
        for (var attempt = 1; IsMounted(point); attempt++)
        {
            try
            {
                await RequireAsync([Binaries.Require("umount"), point]);
            }
            catch (ServerStartException) when (attempt < UnmountAttempts)
            {
                // The kernel lets go of what a process had open a moment after the process is gone.
                await Task.Delay(AttemptInterval);
            }
        }
    }

    /// <summary>Unmounts it and forgets all that is in it.</summary>
    public static async Task DeleteAsync(string directory)
    {
        await ReleaseAsync(directory);
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    public async ValueTask DisposeAsync() => await ReleaseAsync(_directory);

    private static string MountPointOf(string directory) => Path.Combine(directory, "mnt");

    private static string ImageOf(string directory) => Path.Combine(directory, "image");

    private static bool IsMounted(string point) => File.ReadLines("/proc/self/mountinfo")
        .Select(line => line.Split(' ')[4])
        .Any(field => Unescape(field) == point);

    // Spaces and the like stand there as \040.
    private static string Unescape(string field)
    {
        var parts = field.Split('\\');
        return parts[0] + string.Concat(parts.Skip(1).Select(part => (char)Convert.ToInt32(part[..3], 8) + part[3..]));
    }

    private static async Task RequireAsync(IReadOnlyList<string> command)
    {
        var log = Path.Combine(Path.GetTempPath(), $"orchestrator-loop-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}-{Guid.CreateVersion7():N}");
        try
        {
            await using var process = await ChildProcess.StartAsync(new ChildStart { FileName = command[0], Arguments = [.. command.Skip(1)], LogFile = log });
            if (await process.Exit != 0)
                throw new ServerStartException($"{Path.GetFileName(command[0])} failed: {LogTail.Of(log)}");
        }
        finally
        {
            File.Delete(log);
        }
    }
}
