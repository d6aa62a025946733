using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orchestrator.Workers.Runtimes;

/// <summary>The system calls that .NET has no API for.</summary>
internal static partial class Libc
{
    public const int SigTerm = 15;
    public const int SigKill = 9;

    private const int NoSuchProcess = 3;
    private const int TryAgain = 11;
    private const int Interrupted = 4;

    private const int OpenReadWrite = 2;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;
    private const int OpenPath = 0x200000;

    private const int AtEmptyPath = 0x1000;
    private const uint StatXType = 1;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;

    // The one flag that differs between processors.
    private static readonly int OpenNoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    public static uint UserId() => EffectiveUser();

    /// <summary>Sends a signal; false when the process (or, below zero, the group) is gone.</summary>
    public static bool Signal(int pid, int signal)
    {
        if (Kill(pid, signal) == 0)
            return true;
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new Win32Exception(error);
    }

    public static void ChangeOwner(string path, uint user) => Check(Chown(path, user, user), path);

    /// <summary>Makes a named pipe that only its owner may use.</summary>
    public static void MakePipe(string path) => Check(MkFifo(path, 0x180), path);

    /// <summary>Opens a named pipe for reading, and for writing too, so that it never ends while it is open here.</summary>
    public static SafeFileHandle OpenPipe(string path) => Opened(Open(path, OpenReadWrite | OpenNonBlocking | OpenCloseOnExec), path);

    /// <summary>A reference to whatever lies at a path, which is not followed when it is a link.</summary>
    public static SafeFileHandle OpenReference(string path) => Opened(Open(path, OpenPath | OpenNoFollow | OpenCloseOnExec), path);

    /// <summary>Whether a file is a socket.</summary>
    public static bool IsSocket(SafeFileHandle file)
    {
        // statx has the same shape on every processor: stx_mode is 28 bytes in.
        Span<byte> status = stackalloc byte[256];
        return StatX(file, "", AtEmptyPath, StatXType, ref MemoryMarshal.GetReference(status)) == 0
            && (MemoryMarshal.Read<ushort>(status[28..]) & TypeMask) == TypeSocket;
    }

    /// <summary>Reads what is there: the bytes, 0 at the end, or -1 when there is nothing now.</summary>
    public static int ReadAvailable(SafeFileHandle file, Span<byte> buffer)
    {
        while (true)
        {
            var count = Read(file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
            if (count >= 0)
                return (int)count;
            switch (Marshal.GetLastPInvokeError())
            {
                case TryAgain:
                    return -1;
                case Interrupted:
                    continue;
                default:
                    return 0;
            }
        }
    }

    /// <summary>Waits until something can be read from one of the files, or one of them ended.</summary>
    public static void WaitReadable(PollEntry[] entries, int count) => Poll(entries, (nuint)count, -1);

    /// <summary>The path without links in it; null when there is nothing.</summary>
    public static string? RealPath(string path)
    {
        var text = RealPathOf(path, 0);
        if (text == 0)
            return null;
        try
        {
            return Marshal.PtrToStringUTF8(text);
        }
        finally
        {
            Free(text);
        }
    }

    private static SafeFileHandle Opened(int descriptor, string path) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");

    private static void Check(int status, string path)
    {
        if (status != 0)
            throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint uid, uint gid);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, ref byte buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll([In, Out] PollEntry[] entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPathOf(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(SafeFileHandle directory, string path, int flags, uint mask, ref byte status);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);
}

/// <summary>The kernel's <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    public const short Readable = 1;

    public int Descriptor;
    public short Wanted;
    public short Found;
}
