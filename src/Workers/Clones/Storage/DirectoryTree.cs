using Orchestrator.Workers.Clones.Postgres;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>Directories for their owner's eyes only.</summary>
internal static class DirectoryTree
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates one with mode 0700.</summary>
    public static Task CreateAsync(string directory)
    {
        Directory.CreateDirectory(directory, OwnerOnly);
        return Task.CompletedTask;
    }

    /// <summary>Removes it with all that is in it, never following a link; does nothing when it is gone.</summary>
    public static async Task DeleteAsync(string directory, CancellationToken cancellationToken)
    {
        if (Directory.Exists(directory))
            await Command.RequireAsync(["rm", "-rf", "--one-file-system", "--", directory], cancellationToken);
    }
}

/// <summary>A directory to try things in; what a crash leaves of it lies with the half-made things.</summary>
internal sealed class ScratchDirectory : IAsyncDisposable
{
    private ScratchDirectory(string path) => Path = path;

    public string Path { get; }

    public static async Task<ScratchDirectory> CreateAsync(string parent)
    {
        var scratch = new ScratchDirectory(System.IO.Path.Combine(parent, $"probe-{Guid.CreateVersion7():N}"));
        await DirectoryTree.CreateAsync(scratch.Path);
        return scratch;
    }

    public async ValueTask DisposeAsync() => await DirectoryTree.DeleteAsync(Path, CancellationToken.None);
}
