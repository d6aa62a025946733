using Orchestrator.Workers.Clones.Postgres;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>A full copy: works anywhere, takes the whole size and seconds per GiB.</summary>
internal sealed class PlainCopy : ICloneProvider
{
    public string Name => "copy";

    public bool IsThin => false;

    public Task<string?> ProbeAsync(string directory, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task CreateEmptyAsync(string directory, CancellationToken cancellationToken) => DirectoryTree.CreateAsync(directory);

    public async Task CloneAsync(string golden, string target, CancellationToken cancellationToken)
    {
        await Command.RequireAsync(["cp", "-a", "--reflink=never", "--", golden, target], cancellationToken);
        // Postgres trusts files that it did not write to be on disk.
        await Task.Run(() => SystemCalls.SyncFileSystem(target), cancellationToken);
    }

    public Task FlattenAsync(string golden, string clone, string target, CancellationToken cancellationToken) => CloneAsync(clone, target, cancellationToken);

    public Task FreezeAsync(string golden, CancellationToken cancellationToken) => Task.CompletedTask;

    public CloneMount? MountOf(string golden, string clone) => null;

    public string OwnFilesOf(string clone) => clone;

    public Task<long> MeasureAsync(string golden, string clone, CancellationToken cancellationToken) =>
        Task.Run(() => ExclusiveBytes.Below(clone), cancellationToken);

    public Task DestroyAsync(string directory, CancellationToken cancellationToken) => DirectoryTree.DeleteAsync(directory, cancellationToken);
}
