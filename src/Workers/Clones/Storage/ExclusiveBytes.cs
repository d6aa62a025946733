using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>
/// Counts the bytes on disk that nothing else shares, from the file system's own map of extents: <c>du</c> counts shared
/// blocks once for each file that has them.
/// </summary>
internal static class ExclusiveBytes
{
    private const nuint FileMap = 0xC020660B; // FS_IOC_FIEMAP
    private const int HeaderSize = 32;
    private const int ExtentSize = 56;
    private const int ExtentsPerCall = 256;
    private const uint Last = 0x1;
    private const uint Shared = 0x2000;

    /// <summary>Of all regular files below a directory; files that vanish meanwhile count nothing.</summary>
    public static long Below(string directory) => Sum(directory, Shared);

    /// <summary>All bytes on disk of the regular files below a directory, shared or not.</summary>
    public static long AllocatedBelow(string directory) => Sum(directory, 0);

    /// <summary>All bytes on disk of one file; holes count nothing.</summary>
    public static long AllocatedOf(string file) =>
        OfFile(new FileInfo(file), new byte[HeaderSize + (ExtentsPerCall * ExtentSize)], 0);

    private static long Sum(string directory, uint except)
    {
        var buffer = new byte[HeaderSize + (ExtentsPerCall * ExtentSize)];
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        var sum = 0L;
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", options))
        {
            try
            {
                if (file.Length > 0)
                    sum += OfFile(file, buffer, except);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Gone, or a socket.
            }
        }

        return sum;
    }

    private static long OfFile(FileInfo file, byte[] buffer, uint except)
    {
        using var handle = SystemCalls.OpenForeign(file.FullName);
        if (handle is null)
            return 0;
        var (sum, start) = (0L, 0UL);
        while (true)
        {
            Array.Clear(buffer, 0, HeaderSize);
            MemoryMarshal.Write(buffer, start);
            MemoryMarshal.Write(buffer.AsSpan(8), ulong.MaxValue - start);
            MemoryMarshal.Write(buffer.AsSpan(24), (uint)ExtentsPerCall);
            if (!SystemCalls.Control(handle, FileMap, buffer))
                return file.Length;
            var mapped = MemoryMarshal.Read<uint>(buffer.AsSpan(20));
            if (mapped == 0)
                return sum;
            for (var i = 0; i < mapped; i++)
            {
                var extent = buffer.AsSpan(HeaderSize + (i * ExtentSize), ExtentSize);
                var length = MemoryMarshal.Read<ulong>(extent[16..]);
                var flags = MemoryMarshal.Read<uint>(extent[40..]);
                if ((flags & except) == 0)
                    sum += (long)length;
                start = MemoryMarshal.Read<ulong>(extent) + length;
                if ((flags & Last) != 0)
                    return sum;
            }
        }
    }
}
