using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Orchestrator.Local.Servers;

/// <summary>The system calls that .NET has no API for.</summary>
internal static partial class Libc
{
    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal; false when the process is gone.</summary>
    public static bool Signal(int pid, Signal signal)
    {
        if (Kill(pid, (int)signal) == 0)
            return true;
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new Win32Exception(error);
    }

    /// <summary>Gives a file or directory to a user and its group.</summary>
    public static void ChangeOwner(string path, SystemUser user)
    {
        if (Chown(path, user.Uid, user.Gid) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"chown {path}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint uid, uint gid);
}
