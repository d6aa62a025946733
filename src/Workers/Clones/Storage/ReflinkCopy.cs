using Orchestrator.Workers.Clones.Postgres;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>A copy of every file that shares all blocks with the original until one of them is written (XFS, btrfs).</summary>
internal sealed class ReflinkCopy : ICloneProvider
{
    public string Name => "reflink";

    public bool IsThin => true;

    public async Task<string?> ProbeAsync(string directory, CancellationToken cancellationToken)
    {
        await using var scratch = await ScratchDirectory.CreateAsync(directory);
        var (from, to) = (Path.Combine(scratch.Path, "from"), Path.Combine(scratch.Path, "to"));
        await File.WriteAllBytesAsync(from, new byte[8192], cancellationToken);
        using var original = File.OpenHandle(from);
        using var twin = File.OpenHandle(to, FileMode.CreateNew, FileAccess.Write);
        return SystemCalls.ShareBlocks(original, twin) ? null : $"{DiskSpace.Of(directory).FileSystem} cannot share blocks between files here";
    }

    public Task CreateEmptyAsync(string directory, CancellationToken cancellationToken) => DirectoryTree.CreateAsync(directory);

    // The metadata of a reflink is in the journal before anything that Postgres forces to the disk afterwards.
    public Task CloneAsync(string golden, string target, CancellationToken cancellationToken) =>
        Command.RequireAsync(["cp", "-a", "--reflink=always", "--", golden, target], cancellationToken);

    public Task FlattenAsync(string golden, string clone, string target, CancellationToken cancellationToken) => CloneAsync(clone, target, cancellationToken);

    public Task FreezeAsync(string golden, CancellationToken cancellationToken) => Task.CompletedTask;

    public CloneMount? MountOf(string golden, string clone) => null;

    public string OwnFilesOf(string clone) => clone;

    public Task<long> MeasureAsync(string golden, string clone, CancellationToken cancellationToken) =>
        Task.Run(() => ExclusiveBytes.Below(clone), cancellationToken);

    public Task DestroyAsync(string directory, CancellationToken cancellationToken) => DirectoryTree.DeleteAsync(directory, cancellationToken);
}
