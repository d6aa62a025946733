namespace Orchestrator.Workers.Clones;

/// <summary>Real figures of the storage; sizes in bytes.</summary>
public sealed record StorageReport
{
    public required Guid StorageId { get; init; }

    /// <summary>The provider of new clones: <c>overlay</c>, <c>btrfs</c>, <c>reflink</c>, <c>copy</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>Whether a clone takes only the space of what differs.</summary>
    public required bool IsThin { get; init; }

    /// <summary>The file system of the directory, such as <c>xfs</c>.</summary>
    public required string FileSystem { get; init; }

    /// <summary>Why better providers are not used, by their name.</summary>
    public required IReadOnlyDictionary<string, string> Unavailable { get; init; }

    /// <summary>Size of the file system.</summary>
    public required long Size { get; init; }

    /// <summary>What is free for us.</summary>
    public required long Free { get; init; }

    /// <summary>New clones and snapshots are refused when less than this would stay free.</summary>
    public required long Reserve { get; init; }

    /// <summary>How superusers are held: <c>root</c> or <c>user-namespace</c>; <c>none</c> when they are refused.</summary>
    public required string Sandbox { get; init; }

    /// <summary>Ports of the range, and how many of them no clone has.</summary>
    public required int Ports { get; init; }

    /// <inheritdoc cref="Ports"/>
    public required int FreePorts { get; init; }

    /// <summary>What an operator should know, such as <see cref="CloneFailure.NotEnoughDiskSpace"/>; empty when all is well.</summary>
    public required IReadOnlyList<StorageWarning> Warnings { get; init; }
}

/// <summary>A reason for the instance status WARNING.</summary>
/// <param name="Code"><c>DISK_SHORT</c>, <c>PROVIDER_DEGRADED</c>, <c>NO_SANDBOX</c>, <c>BOUNDS_NOT_KEPT</c>, <c>CLONES_WITHOUT_TLS</c>.</param>
/// <param name="Message">A sentence for the operator.</param>
public sealed record StorageWarning(string Code, string Message);
