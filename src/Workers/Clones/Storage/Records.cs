namespace Orchestrator.Workers.Clones.Storage;

/// <summary>What is kept on disk of a clone, in <c>clone.json</c>: enough to bring it up again.</summary>
internal sealed record CloneRecord
{
    public const string FileName = "clone.json";

    public required CloneSpec Spec { get; init; }

    /// <summary>The snapshot that it has now; <see cref="CloneSpec.SnapshotId"/> is the first one.</summary>
    public required Guid SnapshotId { get; init; }

    /// <summary>The name of its data directory is <c>r</c> and this number.</summary>
    public required int Revision { get; init; }

    public required int Port { get; init; }

    public required string Provider { get; init; }

    /// <summary>Its user could log in once: from then on only Postgres itself is started again.</summary>
    public bool IsReady { get; init; }

    public TimeSpan Took { get; init; }
}

/// <summary>What is kept on disk of a snapshot, in <c>snapshot.json</c>.</summary>
internal sealed record SnapshotRecord
{
    public const string FileName = "snapshot.json";

    public required SnapshotReport Report { get; init; }

    public required string Provider { get; init; }

    /// <summary>Parameters that the copied data was made with, such as its time zone.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
