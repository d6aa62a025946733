using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>The system calls that clones need and .NET has no API for.</summary>
internal static partial class SystemCalls
{
    private const int NoSuchProcess = 3;
    private const int PathOnlyDirectory = 0x200000 | 0x10000 | 0x80000; // O_PATH | O_DIRECTORY | O_CLOEXEC
    private const long PidfdSendSignal = 424;
    private const long PidfdOpen = 434;

    /// <summary>Gives a file or directory to a user and the group of the same number.</summary>
    public static void ChangeOwner(string path, uint uid)
    {
        if (Chown(path, uid, uid) != 0)
            throw Failed($"chown {path}");
    }

    /// <summary>Writes all that the file system of <paramref name="directory"/> has in memory to the disk.</summary>
    public static void SyncFileSystem(string directory)
    {
        var descriptor = OpenDirectory(directory, forPathOnly: false);
        try
        {
            if (SyncFs(descriptor) != 0)
                throw Failed($"syncfs {directory}");
        }
        finally
        {
            Close(descriptor);
        }
    }

    /// <summary>A descriptor of a directory, for short paths below <c>/proc/self/fd</c>.</summary>
    public static int OpenDirectory(string directory, bool forPathOnly = true)
    {
        var descriptor = Open(directory, forPathOnly ? PathOnlyDirectory : 0x80000, 0);
        return descriptor >= 0 ? descriptor : throw Failed($"open {directory}");
    }

    /// <summary>
    /// Opens a file of a directory that somebody else may write to: never through a link, never waiting for the other end
    /// of a pipe. Null when there is none.
    /// </summary>
    public static SafeFileHandle? OpenForeign(string file)
    {
        const int flags = 0x800 | 0x20000 | 0x80000; // O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
        var descriptor = Open(file, flags, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>The first bytes of such a file; empty when there is none.</summary>
    public static unsafe byte[] ReadForeign(string file, int limit)
    {
        using var handle = OpenForeign(file);
        if (handle is null)
            return [];
        var buffer = new byte[limit];
        fixed (byte* pointer = buffer)
        {
            var read = Read((int)handle.DangerousGetHandle(), (nint)pointer, limit);
            return read <= 0 ? [] : buffer[..(int)read];
        }
    }

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    /// <summary>A descriptor of a process: signals sent to it never reach another one that got the same id later.</summary>
    /// <returns>-1 when there is no such process.</returns>
    public static int OpenProcess(int pid)
    {
        var descriptor = (int)SysCall(PidfdOpen, pid, 0, 0, 0);
        if (descriptor >= 0)
            return descriptor;
        return Marshal.GetLastPInvokeError() == NoSuchProcess ? -1 : throw Failed("pidfd_open");
    }

    /// <summary>Sends a signal; false when the process is gone.</summary>
    public static bool SignalProcess(int processDescriptor, int signal)
    {
        if (SysCall(PidfdSendSignal, processDescriptor, signal, 0, 0) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == NoSuchProcess ? false : throw Failed("pidfd_send_signal");
    }

    /// <summary>Sends a signal; false when the process is gone.</summary>
    public static bool Signal(int pid, int signal)
    {
        if (Kill(pid, signal) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == NoSuchProcess ? false : throw Failed($"kill {pid}");
    }

    /// <summary>An ioctl on a buffer; false when the file system does not know it.</summary>
    public static unsafe bool Control(SafeHandle file, nuint request, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
            return Ioctl((int)file.DangerousGetHandle(), request, (nint)pointer) == 0;
    }

    /// <summary>Shares all blocks of one file with another, empty one; false when the file system cannot.</summary>
    public static bool ShareBlocks(SafeHandle from, SafeHandle to)
    {
        const nuint fileClone = 0x40049409; // FICLONE
        return Ioctl((int)to.DangerousGetHandle(), fileClone, from.DangerousGetHandle()) == 0;
    }

    /// <summary>Whether a file or directory, not what a link leads to, has an extended attribute.</summary>
    public static bool HasAttribute(string path, string name) => GetAttribute(path, name, 0, 0) >= 0;

    private static IOException Failed(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {new Win32Exception(error).Message}");
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, nint buffer, nint length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetAttribute(string path, string name, nint value, nint size);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint uid, uint gid);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(int descriptor);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SysCall(long number, long first, long second, long third, long fourth);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int descriptor, nuint request, nint argument);
}
