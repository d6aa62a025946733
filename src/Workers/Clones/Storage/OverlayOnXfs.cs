using Orchestrator.Workers.Clones.Postgres;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>
/// An overlay whose layers lie on one XFS with reflink: making it costs the same at any size, and a file that is opened
/// for writing (Postgres opens all so) is shared block by block, not copied. On a file system without reflink reading one
/// row would copy the whole table, so it is refused there. The overlay is mounted by each Postgres in a mount namespace of
/// its own: no mount outlives it.
/// </summary>
internal sealed class OverlayOnXfs : ICloneProvider
{
    private readonly ReflinkCopy _reflink = new();

    public string Name => "overlay";

    public bool IsThin => true;

    public async Task<string?> ProbeAsync(string directory, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
            return "only root may mount an overlay";
        if (DiskSpace.Of(directory).FileSystem is not "xfs")
            return $"it needs XFS with reflink, and this is {DiskSpace.Of(directory).FileSystem}";
        if (directory.AsSpan().IndexOfAny(",:\\\"") >= 0)
            return "the path holds a character that mount options cannot";
        if (await _reflink.ProbeAsync(directory, cancellationToken) is { } reason)
            return reason;
        await using var scratch = await ScratchDirectory.CreateAsync(directory);
        var golden = Path.Combine(scratch.Path, "golden");
        var clone = Path.Combine(scratch.Path, "clone");
        await CreateEmptyAsync(golden, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(golden, "file"), "x", cancellationToken);
        await CloneAsync(golden, clone, cancellationToken);
        var mount = MountOf(golden, clone)!;
        var result = await Command.RunAsync(
            [.. InNamespace(mount), "sh", "-c", "cat \"$0/file\" && echo y >\"$0/file\"", mount.Target], cancellationToken);
        if (!result.Succeeded)
            return $"an overlay cannot be mounted: {result.LastLine}";
        return await File.ReadAllTextAsync(Path.Combine(golden, "file"), cancellationToken) is "x" ? null : "an overlay wrote into its lower layer";
    }

    public Task CreateEmptyAsync(string directory, CancellationToken cancellationToken) => DirectoryTree.CreateAsync(directory);

    public async Task CloneAsync(string golden, string target, CancellationToken cancellationToken)
    {
        var mount = MountOf(golden, target)!;
        await DirectoryTree.CreateAsync(target);
        foreach (var part in (string[])[mount.Upper, mount.Work, mount.Target])
            await DirectoryTree.CreateAsync(part);
        // What is seen as the data directory has the owner and mode of its upper layer.
        await Command.RequireAsync(["chown", $"--reference={golden}", "--", mount.Upper, mount.Target], cancellationToken);
    }

    // Blocks can be shared between the layers' own files only, not with what the overlay shows: so the layers are laid over
    // each other here, as the kernel documents it.
    public async Task FlattenAsync(string golden, string clone, string target, CancellationToken cancellationToken)
    {
        var upper = OwnFilesOf(clone);
        string[] copy = ["cp", "-a", "--no-preserve=xattr", "--reflink=always", "-T"];
        await Command.RequireAsync([.. copy, "--", golden, target], cancellationToken);
        var directories = await FindAsync(upper, "d", cancellationToken);
        foreach (var opaque in directories.Where(path => SystemCalls.HasAttribute(Path.Combine(upper, path), "trusted.overlay.opaque")))
            await DirectoryTree.DeleteAsync(Path.Combine(target, opaque), cancellationToken);
        var whiteouts = await FindAsync(upper, "c", cancellationToken);
        foreach (var whiteout in whiteouts)
            await Command.RequireAsync(["rm", "-rf", "--", Path.Combine(target, whiteout)], cancellationToken);
        await Command.RequireAsync([.. copy, "--remove-destination", "--", upper, target], cancellationToken);
        foreach (var whiteout in whiteouts)
            File.Delete(Path.Combine(target, whiteout));
    }

    public Task FreezeAsync(string golden, CancellationToken cancellationToken) => Task.CompletedTask;

    public CloneMount? MountOf(string golden, string clone) =>
        new(golden, Path.Combine(clone, "upper"), Path.Combine(clone, "work"), Path.Combine(clone, "data"));

    public string OwnFilesOf(string clone) => Path.Combine(clone, "upper");

    public Task<long> MeasureAsync(string golden, string clone, CancellationToken cancellationToken) =>
        Task.Run(() => ExclusiveBytes.Below(OwnFilesOf(clone)), cancellationToken);

    public Task DestroyAsync(string directory, CancellationToken cancellationToken) => DirectoryTree.DeleteAsync(directory, cancellationToken);

    /// <summary>Runs the command that follows in a mount namespace of its own, in which the overlay is mounted.</summary>
    public static string[] InNamespace(CloneMount mount) =>
    [
        "unshare", "--mount", "--", "sh", "-c", "mount -t overlay overlay -o \"$0\" \"$1\" || exit 97; shift; exec \"$@\"",
        $"lowerdir={mount.Lower},upperdir={mount.Upper},workdir={mount.Work},redirect_dir=off,metacopy=off,index=off", mount.Target,
    ];

    /// <summary>Paths below a directory, relative to it, of one type.</summary>
    private static async Task<IReadOnlyList<string>> FindAsync(string directory, string type, CancellationToken cancellationToken)
    {
        var found = await Command.RequireAsync(["find", directory, "-mindepth", "1", "-type", type, "-printf", "%P\\0"], cancellationToken);
        return found.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }
}
