namespace Orchestrator.Local.Servers;

/// <summary>Files and directories for one user's eyes.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file with mode 0600 (never wider, not even for a moment) and gives it to <paramref name="owner"/>.</summary>
    public static void Write(string file, string content, SystemUser? owner = null)
    {
        File.Delete(file);
        using (var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        using (var writer = new StreamWriter(stream))
            writer.Write(content);
        if (owner is not null)
            Libc.ChangeOwner(file, owner);
    }

    /// <summary>Creates a directory with mode 0700 and gives it to <paramref name="owner"/>.</summary>
    public static void CreateDirectory(string directory, SystemUser? owner)
    {
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        if (owner is not null)
            Libc.ChangeOwner(directory, owner);
    }
}
