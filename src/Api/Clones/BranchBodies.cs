using System.Globalization;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Clones;

namespace Orchestrator.Api.Clones;

/// <summary>The one branch.</summary>
public sealed record BranchBody
{
    public required string Name { get; init; }
    public required string BaseDataset { get; init; }
    public required string Parent { get; init; }
    public required string DataStateAt { get; init; }

    [JsonPropertyName("snapshotID")]
    public required string SnapshotId { get; init; }
    public required string Dataset { get; init; }
    public required int NumSnapshots { get; init; }
    public required bool Protected { get; init; }

    /// <param name="snapshots">The newest first.</param>
    public static BranchBody Of(IReadOnlyList<SnapshotView> snapshots)
    {
        var newest = snapshots.Count == 0 ? null : snapshots[0].Snapshot;
        return new BranchBody
        {
            Name = SnapshotBody.MainBranch,
            BaseDataset = newest?.HostId ?? "",
            Parent = "",
            DataStateAt = DigitsOf(newest?.DataStateAt),
            SnapshotId = newest?.Id ?? "",
            Dataset = newest?.HostId ?? "",
            NumSnapshots = snapshots.Count,
            Protected = false,
        };
    }

    /// <summary>A time as the original writes it here: 20261121120000.</summary>
    internal static string DigitsOf(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) ?? "";
}

/// <summary>One snapshot in the log of a branch, in the original's words.</summary>
public sealed record BranchLogBody
{
    public required string Id { get; init; }

    /// <summary>The next older one; empty for the oldest.</summary>
    public required string Parent { get; init; }

    /// <summary>The next newer one, if there is one.</summary>
    public required IReadOnlyList<string> Child { get; init; }

    /// <summary>The branch that ends here: <c>main</c> for the newest.</summary>
    public required IReadOnlyList<string> Branch { get; init; }
    public required IReadOnlyList<string> Root { get; init; }

    /// <inheritdoc cref="BranchBody.DataStateAt"/>
    public required string DataStateAt { get; init; }
    public required string Message { get; init; }

    /// <summary>The host that keeps it.</summary>
    public required string Dataset { get; init; }
    public required IReadOnlyList<string> Clones { get; init; }
    public required bool Protected { get; init; }
    public DateTimeOffset? ProtectedTill { get; init; }
    public DateTimeOffset? DeleteAt { get; init; }

    /// <summary>The log: one line for each snapshot, in their order.</summary>
    /// <param name="snapshots">The newest first.</param>
    /// <param name="now">On the database's clock.</param>
    public static IEnumerable<BranchLogBody> Of(IReadOnlyList<SnapshotView> snapshots, DateTimeOffset now) => snapshots.Select((view, place) =>
    {
        var snapshot = view.Snapshot;
        var isProtected = snapshot.IsProtectedAt(now);
        return new BranchLogBody
        {
            Id = snapshot.Id,
            Parent = place + 1 < snapshots.Count ? snapshots[place + 1].Snapshot.Id : "",
            Child = place > 0 ? [snapshots[place - 1].Snapshot.Id] : [],
            Branch = place == 0 ? [SnapshotBody.MainBranch] : [],
            Root = [],
            DataStateAt = BranchBody.DigitsOf(snapshot.DataStateAt),
            Message = snapshot.Message ?? "",
            Dataset = snapshot.HostId,
            Clones = view.Clones,
            Protected = isProtected,
            ProtectedTill = isProtected ? snapshot.ProtectedTill : null,
            DeleteAt = snapshot.DeleteAt,
        };
    });
}

/// <summary>The answer to a commit.</summary>
public sealed record CommitBody
{
    /// <summary>The snapshot that was made.</summary>
    [JsonPropertyName("snapshotID")]
    public required string SnapshotId { get; init; }
}
