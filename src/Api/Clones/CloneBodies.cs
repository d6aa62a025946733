using System.Text.Json.Serialization;
using Orchestrator.Sagas.Clones;

namespace Orchestrator.Api.Clones;

/// <summary>A status of the original's models.</summary>
/// <param name="Code">OK, CREATING, RESETTING, DELETING or FATAL; of the instance OK or WARNING.</param>
/// <param name="Message">The same in words, or what is wrong.</param>
public sealed record StatusBody(string Code, string Message);

/// <summary>How to connect to a clone.</summary>
public sealed record DatabaseBody
{
    /// <summary>A connection string of libpq without the password; empty until the clone is ready.</summary>
    public required string ConnStr { get; init; }
    public required string Host { get; init; }

    /// <summary>As text, as in the original.</summary>
    public required string Port { get; init; }
    public required string Username { get; init; }

    /// <summary>Always empty: nobody here knows it.</summary>
    public required string Password { get; init; }
    public required string DbName { get; init; }
}

/// <summary>Figures of a clone: sizes in bytes, times in seconds.</summary>
public sealed record CloneMetadataBody
{
    /// <summary>What it takes beside its snapshot.</summary>
    public required long CloneDiffSize { get; init; }

    /// <summary>What it would take as a full copy.</summary>
    public required long LogicalSize { get; init; }

    /// <summary>From the request until it took connections.</summary>
    public required double CloningTime { get; init; }
    public required int MaxIdleMinutes { get; init; }
    public required int ProtectionLeaseDurationMinutes { get; init; }
    public required int ProtectionMaxDurationMinutes { get; init; }
}

/// <summary>A clone: the original's fields of today and of its first design.</summary>
public sealed record CloneBody
{
    public required string Id { get; init; }
    public required SnapshotBody Snapshot { get; init; }
    public required string SnapshotId { get; init; }
    public required string Branch { get; init; }

    /// <summary>How often it was reset.</summary>
    public required int Revision { get; init; }
    public required bool Protected { get; init; }
    public DateTimeOffset? ProtectedTill { get; init; }

    /// <summary>When it is deleted by itself; null: never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required DateTimeOffset? DeleteAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required StatusBody Status { get; init; }
    public required DatabaseBody Db { get; init; }
    public required CloneMetadataBody Metadata { get; init; }
    public required string Project { get; init; }
    public required string Name { get; init; }

    /// <summary>Who asked for it; the role in its database is <c>db.username</c>.</summary>
    public required string Username { get; init; }

    /// <summary>As <c>metadata.cloneDiffSize</c>.</summary>
    public required long CloneSize { get; init; }

    /// <summary>As <c>metadata.cloningTime</c>.</summary>
    public required double CloningTime { get; init; }
    public string? TraceId { get; init; }

    public static CloneBody Of(CloneView view, CloneOptions options, DateTimeOffset now)
    {
        var clone = view.State;
        var cloningTime = clone.ReadyAt is { } ready ? Math.Max(0, (ready - clone.CreatedAt).TotalSeconds) : 0;
        var isProtected = clone.IsProtectedAt(now);
        return new CloneBody
        {
            Id = clone.Id,
            Snapshot = view.Snapshot is { } snapshot ? SnapshotBody.Of(new SnapshotView(snapshot, []), now) with { Clones = null, NumClones = null } : SnapshotBody.Gone(clone.SnapshotId),
            SnapshotId = clone.SnapshotId,
            Branch = SnapshotBody.MainBranch,
            Revision = clone.Revision - 1,
            Protected = isProtected,
            ProtectedTill = isProtected ? clone.ProtectedTill : null,
            DeleteAt = clone.DeleteAt,
            CreatedAt = clone.CreatedAt,
            Status = new StatusBody(
                CloneStatus.CodeOf(clone.State) ?? CloneStatus.Deleting,
                CloneStatus.MessageOf(clone.State, clone.FatalCode is null ? null : $"{clone.FatalCode}: {clone.FatalDetail}")),
            Db = Database(clone),
            Metadata = new CloneMetadataBody
            {
                CloneDiffSize = view.Measure?.DiffSize ?? 0,
                LogicalSize = view.Snapshot?.LogicalSize ?? 0,
                CloningTime = cloningTime,
                MaxIdleMinutes = options.MaxIdleMinutes,
                ProtectionLeaseDurationMinutes = options.ProtectionLeaseDurationMinutes,
                ProtectionMaxDurationMinutes = options.ProtectionMaxDurationMinutes,
            },
            Project = clone.Project ?? "",
            Name = clone.Name ?? "",
            Username = clone.Owner ?? "",
            CloneSize = view.Measure?.DiffSize ?? 0,
            CloningTime = cloningTime,
            TraceId = clone.TraceId,
        };
    }

    private static DatabaseBody Database(CloneState clone)
    {
        var (host, port, dbName) = (clone.Address ?? "", clone.Port is { } number ? $"{number}" : "", clone.DbName ?? "");
        return new DatabaseBody
        {
            ConnStr = clone.Port is null ? "" : $"host={Quoted(host)} port={port} user={Quoted(clone.Username)} dbname={Quoted(dbName)}",
            Host = host,
            Port = port,
            Username = clone.Username,
            Password = "",
            DbName = dbName,
        };
    }

    // As libpq reads it back.
    private static string Quoted(string value) =>
        value.Length > 0 && !value.Any(letter => letter is '\'' or '\\' || char.IsWhiteSpace(letter))
            ? value
            : $"'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}

/// <summary>A snapshot; sizes in bytes.</summary>
public sealed record SnapshotBody
{
    public const string MainBranch = "main";

    public required string Id { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The state of the source that it holds.</summary>
    public DateTimeOffset? DataStateAt { get; init; }

    /// <summary>As <c>dataStateAt</c>.</summary>
    public DateTimeOffset? Timestamp { get; init; }
    public required long PhysicalSize { get; init; }
    public required long LogicalSize { get; init; }

    /// <summary>The host that keeps it.</summary>
    public required string Pool { get; init; }
    public int? NumClones { get; init; }
    public IReadOnlyList<string>? Clones { get; init; }
    public required string Branch { get; init; }
    public required string Message { get; init; }
    public required bool Protected { get; init; }
    public DateTimeOffset? ProtectedTill { get; init; }
    public DateTimeOffset? DeleteAt { get; init; }

    /// <summary>CREATING, OK, DELETING or FATAL.</summary>
    public required StatusBody Status { get; init; }

    /// <summary>Name of the configured source, if it is of one.</summary>
    public string? Source { get; init; }

    /// <summary>Major version of Postgres, 0 until it is known.</summary>
    public required int PostgresVersion { get; init; }
    public required IReadOnlyList<string> Databases { get; init; }
    public string? TraceId { get; init; }

    public static SnapshotBody Of(SnapshotView view, DateTimeOffset now)
    {
        var snapshot = view.Snapshot;
        var isProtected = snapshot.IsProtectedAt(now);
        return new SnapshotBody
        {
            Id = snapshot.Id,
            CreatedAt = snapshot.CreatedAt,
            DataStateAt = snapshot.DataStateAt,
            Timestamp = snapshot.DataStateAt,
            PhysicalSize = snapshot.PhysicalSize,
            LogicalSize = snapshot.LogicalSize,
            Pool = snapshot.HostId,
            NumClones = view.Clones.Count,
            Clones = view.Clones,
            Branch = MainBranch,
            Message = snapshot.Message ?? "",
            Protected = isProtected,
            ProtectedTill = isProtected ? snapshot.ProtectedTill : null,
            DeleteAt = snapshot.DeleteAt,
            Status = new StatusBody(CloneStatus.CodeOf(snapshot.State) ?? CloneStatus.Deleting, MessageOf(snapshot)),
            Source = snapshot.SourceName,
            PostgresVersion = snapshot.PostgresVersion,
            Databases = snapshot.Databases,
            TraceId = snapshot.TraceId,
        };
    }

    /// <summary>All that is known of a snapshot that was taken from under a clone.</summary>
    public static SnapshotBody Gone(string id) => new()
    {
        Id = id,
        PhysicalSize = 0,
        LogicalSize = 0,
        Pool = "",
        Branch = MainBranch,
        Message = "",
        Protected = false,
        Status = new StatusBody(CloneStatus.Deleting, "Snapshot is gone."),
        PostgresVersion = 0,
        Databases = [],
    };

    private static string MessageOf(SnapshotState snapshot) => snapshot.State switch
    {
        nameof(SnapshotStateMachine.Ready) => "Snapshot can be cloned.",
        nameof(SnapshotStateMachine.Making) => "Snapshot is being made.",
        nameof(SnapshotStateMachine.Fatal) => $"{snapshot.FatalCode}: {snapshot.FatalDetail}",
        _ => "Snapshot is being deleted.",
    };
}

/// <summary>What the original answers where there is nothing to show.</summary>
public sealed record ResponseBody(string Status, string Message);
