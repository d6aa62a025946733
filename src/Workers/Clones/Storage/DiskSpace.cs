using System.Globalization;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>The file system that a directory lies on.</summary>
/// <param name="FileSystem">Its kind, such as <c>xfs</c>.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Free">Bytes that can be written: never more than what the file below a loop device can still grow by.</param>
internal sealed record DiskSpace(string FileSystem, long Size, long Free)
{
    private const int DepthOfLoops = 4;

    public static DiskSpace Of(string directory) => Of(directory, DepthOfLoops);

    private static DiskSpace Of(string directory, int depth)
    {
        var drive = new DriveInfo(directory);
        var free = drive.AvailableFreeSpace;
        if (depth > 0 && BackingFileOf(directory) is { } file && File.Exists(file))
        {
            // A sparse file promises more than the disk that holds it may have.
            var taken = ExclusiveBytes.AllocatedOf(file);
            var holes = Math.Max(0, new FileInfo(file).Length - taken);
            if (holes > 0)
                free = Math.Min(free, Of(Path.GetDirectoryName(file)!, depth - 1).Free);
        }

        return new DiskSpace(drive.DriveFormat, drive.TotalSize, free);
    }

    /// <summary>The file behind the loop device that is mounted there; null when it is no loop device.</summary>
    private static string? BackingFileOf(string directory)
    {
        if (MountPoint.Of(directory) is not { } mount || !mount.Device.StartsWith("/dev/loop", StringComparison.Ordinal))
            return null;
        var file = string.Create(CultureInfo.InvariantCulture, $"/sys/block/{Path.GetFileName(mount.Device)}/loop/backing_file");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }
}

/// <summary>A line of <c>/proc/self/mountinfo</c>.</summary>
/// <param name="Directory">Where it is mounted.</param>
/// <param name="FileSystem">Its kind.</param>
/// <param name="Device">What is mounted.</param>
/// <param name="Options">The file system's own options.</param>
internal sealed record MountPoint(string Directory, string FileSystem, string Device, string Options)
{
    /// <summary>The mount that a path lies in: the longest directory, and of several mounts there the last.</summary>
    public static MountPoint? Of(string path)
    {
        MountPoint? found = null;
        foreach (var mount in All().Where(mount => IsBelow(path, mount.Directory)))
        {
            if (found is null || mount.Directory.Length >= found.Directory.Length)
                found = mount;
        }

        return found;
    }

    /// <summary>All mounts of this process, in the order in which they were made.</summary>
    public static IEnumerable<MountPoint> All()
    {
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-");
            if (dash >= 0 && fields.Length > dash + 3)
                yield return new MountPoint(Unescape(fields[4]), fields[dash + 1], Unescape(fields[dash + 2]), fields[dash + 3]);
        }
    }

    private static bool IsBelow(string path, string directory) => directory == "/" || path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal);

    private static string Unescape(string text) => text
        .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
