using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Api.Clones;

/// <summary>The role and the database of a clone.</summary>
public sealed record DatabaseRequest
{
    /// <summary>The role that is made for you. 1 to 63 bytes.</summary>
    public string? Username { get; init; }

    /// <summary>Its password, of at least 60 bits. It goes no further than the API.</summary>
    public string? Password { get; init; }

    /// <summary>True: no superuser, but the owner of the databases. Default: false.</summary>
    public bool? Restricted { get; init; }

    /// <summary>The database to connect to. Default: the one that the snapshot was made for.</summary>
    [JsonPropertyName("db_name")]
    public string? DbName { get; init; }
}

/// <summary>A clone as it is asked for.</summary>
public sealed record CloneRequest
{
    /// <summary>A letter or digit, then letters, digits, <c>_</c>, <c>.</c> and <c>-</c>, 48 at most. Default: one is drawn.</summary>
    public string? Id { get; init; }

    /// <summary>An id, a time (the newest snapshot not later), or <c>{"id": …}</c>. Default: the newest.</summary>
    public JsonElement? Snapshot { get; init; }
    public DatabaseRequest? Db { get; init; }

    /// <summary>True: it is not deleted until the protection ends. Default: false.</summary>
    public bool? Protected { get; init; }

    /// <summary>Length of the protection; 0 means for as long as is allowed. Default: the configured lease.</summary>
    public int? ProtectionDurationMinutes { get; init; }

    /// <summary>When it is deleted by itself. Default: never.</summary>
    public DateTimeOffset? DeleteAt { get; init; }

    /// <summary>A label of yours.</summary>
    public string? Name { get; init; }

    /// <summary>A label of yours.</summary>
    public string? Project { get; init; }

    /// <summary>Who asks. Default: the name of the token.</summary>
    public string? Username { get; init; }

    /// <summary>Only <c>main</c> is there.</summary>
    public string? Branch { get; init; }

    /// <summary>Settings of Postgres, of those that are allowed.</summary>
    [JsonPropertyName("extra_conf")]
    public IReadOnlyDictionary<string, string?>? ExtraConf { get; init; }
}

/// <summary>What of a clone is to change.</summary>
public sealed record ClonePatch
{
    /// <summary>True protects it, or begins its lease anew; false ends its protection.</summary>
    public bool? Protected { get; init; }

    /// <summary>Length of the protection from now; 0 means for as long as is allowed.</summary>
    public int? ProtectionDurationMinutes { get; init; }

    /// <summary>When it is deleted by itself; null: never.</summary>
    public DateTimeOffset? DeleteAt { get; init; }

    /// <summary>A label of yours; null removes it.</summary>
    public string? Name { get; init; }

    /// <summary>A label of yours; null removes it.</summary>
    public string? Project { get; init; }
}

/// <summary>What of a snapshot is to change.</summary>
public sealed record SnapshotPatch
{
    /// <inheritdoc cref="ClonePatch.Protected"/>
    public bool? Protected { get; init; }

    /// <inheritdoc cref="ClonePatch.ProtectionDurationMinutes"/>
    public int? ProtectionDurationMinutes { get; init; }

    /// <inheritdoc cref="ClonePatch.DeleteAt"/>
    public DateTimeOffset? DeleteAt { get; init; }
}

/// <summary>What a clone is reset to; neither: its own snapshot.</summary>
public sealed record ResetRequest
{
    /// <summary>Another snapshot.</summary>
    [JsonPropertyName("snapshotID")]
    public string? SnapshotId { get; init; }

    /// <summary>True: the newest snapshot.</summary>
    public bool? Latest { get; init; }
}

/// <summary>What a snapshot is made of; exactly one.</summary>
public sealed record SourceRequest
{
    /// <summary>A live server: a libpq URI or <c>key=value</c> with host, port, user, password, dbname, sslmode. The user needs REPLICATION.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>Name of a live server in the configuration.</summary>
    public string? Name { get; init; }

    /// <summary>A dump of pg_dump, or SQL, below <c>Clones:DumpRoot</c>.</summary>
    public string? Dump { get; init; }

    /// <summary>The database that a dump is restored into. Default: <c>postgres</c>.</summary>
    public string? Database { get; init; }

    /// <summary>A clone, to be saved as it is.</summary>
    public string? CloneId { get; init; }
}

/// <summary>A snapshot as it is asked for.</summary>
public sealed record SnapshotRequest
{
    /// <summary>Default: made of the time.</summary>
    public string? Id { get; init; }

    /// <summary>Default: the configured source that is called <c>default</c>, or the only one.</summary>
    public SourceRequest? Source { get; init; }

    /// <summary>What it is, in your words.</summary>
    public string? Message { get; init; }

    /// <summary>Taken for the original's sake; a pool is chosen.</summary>
    public string? PoolName { get; init; }
}

/// <summary>A clone to save, in the original's words.</summary>
public sealed record SnapshotCloneRequest
{
    [JsonPropertyName("cloneID")]
    public string? CloneId { get; init; }

    /// <inheritdoc cref="SnapshotRequest.Message"/>
    public string? Message { get; init; }
}
