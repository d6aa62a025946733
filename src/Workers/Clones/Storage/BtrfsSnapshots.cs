using Orchestrator.Workers.Clones.Postgres;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>A writable snapshot of a btrfs subvolume.</summary>
internal sealed class BtrfsSnapshots : ICloneProvider
{
    public string Name => "btrfs";

    public bool IsThin => true;

    public async Task<string?> ProbeAsync(string directory, CancellationToken cancellationToken)
    {
        if (DiskSpace.Of(directory).FileSystem is not "btrfs")
            return $"it needs btrfs, and this is {DiskSpace.Of(directory).FileSystem}";
        var scratch = await ScratchDirectory.CreateAsync(directory);
        try
        {
            var (golden, clone) = (Path.Combine(scratch.Path, "golden"), Path.Combine(scratch.Path, "clone"));
            await CreateEmptyAsync(golden, cancellationToken);
            await FreezeAsync(golden, cancellationToken);
            await CloneAsync(golden, clone, cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(clone, "file"), "x", cancellationToken);
            await DestroyAsync(clone, cancellationToken);
            await DestroyAsync(golden, cancellationToken);
            return null;
        }
        catch (Exception exception) when (exception is IOException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
        {
            return exception.Message;
        }
        finally
        {
            await scratch.DisposeAsync();
        }
    }

    public async Task CreateEmptyAsync(string directory, CancellationToken cancellationToken)
    {
        await Command.RequireAsync(["btrfs", "subvolume", "create", "--", directory], cancellationToken);
        File.SetUnixFileMode(directory, DirectoryTree.OwnerOnly);
    }

    public Task CloneAsync(string golden, string target, CancellationToken cancellationToken) =>
        Command.RequireAsync(["btrfs", "subvolume", "snapshot", "--", golden, target], cancellationToken);

    public Task FlattenAsync(string golden, string clone, string target, CancellationToken cancellationToken) => CloneAsync(clone, target, cancellationToken);

    public Task FreezeAsync(string golden, CancellationToken cancellationToken) =>
        Command.RequireAsync(["btrfs", "property", "set", "-ts", golden, "ro", "true"], cancellationToken);

    public CloneMount? MountOf(string golden, string clone) => null;

    public string OwnFilesOf(string clone) => clone;

    public Task<long> MeasureAsync(string golden, string clone, CancellationToken cancellationToken) =>
        Task.Run(() => ExclusiveBytes.Below(clone), cancellationToken);

    public async Task DestroyAsync(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
            return;
        var result = await Command.RunAsync(["btrfs", "subvolume", "delete", "--commit-after", "--", directory], cancellationToken);
        // What a crash left may be a plain directory, or hold subvolumes that the clone's own superuser made.
        if (!result.Succeeded && Directory.Exists(directory))
            await Command.RequireAsync(["rm", "-rf", "--", directory], cancellationToken);
    }
}
