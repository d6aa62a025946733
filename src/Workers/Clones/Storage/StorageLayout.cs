using System.Text.Json;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>
/// Where things lie in the storage directory. What is being made or removed lies apart and is moved in one step, so that
/// <c>clones</c> and <c>snapshots</c> hold whole things only.
/// </summary>
internal sealed class StorageLayout(string root)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public string Root => root;

    /// <summary>Held by the process that has the storage.</summary>
    public string Lock => Path.Combine(root, "lock");

    /// <summary>The storage's own id.</summary>
    public string Identity => Path.Combine(root, "id");

    public string Clones => Path.Combine(root, "clones");

    public string Snapshots => Path.Combine(root, "snapshots");

    /// <summary>Half-made things; emptied at start.</summary>
    public string New => Path.Combine(root, "new");

    /// <summary>Things being removed; emptied at start.</summary>
    public string Gone => Path.Combine(root, "gone");

    /// <summary>An empty file for each clone and snapshot that was destroyed, so that a late command does not make it again.</summary>
    public string Tombstones => Path.Combine(root, "tombstones");

    /// <summary>What sandboxes see as <c>/etc</c>.</summary>
    public string Etc => Path.Combine(root, "etc");

    public string Clone(Guid id) => Path.Combine(Clones, id.ToString("N"));

    public string Snapshot(Guid id) => Path.Combine(Snapshots, id.ToString("N"));

    public string Data(Guid snapshotId) => Path.Combine(Snapshot(snapshotId), "data");

    public string NewDirectory(Guid id) => Path.Combine(New, id.ToString("N"));

    public string Tombstone(Guid id) => Path.Combine(Tombstones, id.ToString("N"));

    public void CreateDirectories()
    {
        foreach (var directory in (string[])[Clones, Snapshots, New, Gone, Tombstones])
            Directory.CreateDirectory(directory, DirectoryTree.OwnerOnly);
    }

    /// <summary>The ids of the directories in <see cref="Clones"/> or <see cref="Snapshots"/>; foreign names are left alone.</summary>
    public static IEnumerable<Guid> IdsIn(string directory)
    {
        foreach (var entry in Directory.EnumerateDirectories(directory))
        {
            if (Guid.TryParseExact(Path.GetFileName(entry), "N", out var id))
                yield return id;
        }
    }

    /// <summary>Reads a record; null when there is none, or none that can be read.</summary>
    public static async Task<T?> ReadAsync<T>(string file, CancellationToken cancellationToken)
        where T : class
    {
        if (!File.Exists(file))
            return null;
        try
        {
            await using var stream = File.OpenRead(file);
            return await JsonSerializer.DeserializeAsync<T>(stream, Json, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces a record in one step, readable by its owner only; it is on disk when this returns.</summary>
    public static async Task WriteAsync<T>(string file, T record, CancellationToken cancellationToken)
    {
        var next = file + ".next";
        File.Delete(next);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var stream = new FileStream(next, options))
        {
            await JsonSerializer.SerializeAsync(stream, record, Json, cancellationToken);
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, file, overwrite: true);
    }
}
