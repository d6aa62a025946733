namespace Orchestrator.Workers.Runtimes;

/// <summary>Directories for what only the worker and single containers may see.</summary>
internal static class RuntimeDirectory
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a directory that others may pass through, to what is given to them, but not look into.</summary>
    /// <exception cref="IOException">Somebody else has made it, or a link in its place.</exception>
    public static void Create(string path)
    {
        Directory.CreateDirectory(path, Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        if (new DirectoryInfo(path).LinkTarget is not null)
            throw new IOException($"{path} is a link.");
        // Only its owner may do this.
        File.SetUnixFileMode(path, Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    /// <summary>Makes a directory for one owner.</summary>
    public static void CreatePrivate(string path) => Directory.CreateDirectory(path, Owner);

    /// <summary>Removes it with all in it; what is gone already is fine.</summary>
    public static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone, or its removal is left to who reaps it.
        }
    }
}
