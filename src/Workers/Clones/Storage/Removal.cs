namespace Orchestrator.Workers.Clones.Storage;

/// <summary>Removes directories that may hold data directories of any provider.</summary>
internal static class Removal
{
    /// <summary>Removes one data directory.</summary>
    public static Task OfDataAsync(string data, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(data))
            return Task.CompletedTask;
        return DiskSpace.Of(data).FileSystem is "btrfs"
            ? new BtrfsSnapshots().DestroyAsync(data, cancellationToken)
            : DirectoryTree.DeleteAsync(data, cancellationToken);
    }

    /// <summary>Removes a clone's or a snapshot's directory with all that is in it.</summary>
    public static async Task OfAsync(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
            return;
        if (DiskSpace.Of(directory).FileSystem is "btrfs")
        {
            // A frozen subvolume cannot be emptied, only deleted as a whole; ours lie on the first level.
            var btrfs = new BtrfsSnapshots();
            foreach (var data in Directory.EnumerateDirectories(directory))
                await btrfs.DestroyAsync(data, cancellationToken);
        }

        await DirectoryTree.DeleteAsync(directory, cancellationToken);
    }
}
