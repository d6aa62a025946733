using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>What a clone's row asks of its host.</summary>
internal sealed record CloneRow
{
    public required Guid Key { get; init; }
    public required string Id { get; init; }
    public required string State { get; init; }
    public required int Attempt { get; init; }
    public required int Revision { get; init; }
    public required Guid? SnapshotKey { get; init; }
    public required string Username { get; init; }
    public required string Verifier { get; init; }
    public required string? DbName { get; init; }
    public required bool IsRestricted { get; init; }
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
    public required bool IsStored { get; init; }
    public required string? Address { get; init; }
    public required int? Port { get; init; }
}

/// <summary>What a snapshot's row asks of its host.</summary>
internal sealed record SnapshotRow
{
    public required Guid Key { get; init; }
    public required string State { get; init; }
    public required int Attempt { get; init; }
    public required string? SourceName { get; init; }
    public required byte[]? SealedSource { get; init; }
    public required string? Dump { get; init; }
    public required Guid? CloneKey { get; init; }
    public required string? DbName { get; init; }
    public required bool WaitsForClones { get; init; }
}

/// <summary>Reads the rows of one host's clones and snapshots, and writes what it measures.</summary>
internal sealed class CloneRows(NpgsqlDataSource source)
{
    private const string SelectClones = """
        SELECT c.correlation_id, c.id, c.state, c.attempt, c.revision, s.correlation_id, c.username, c.verifier, c.db_name, c.is_restricted,
               c.extra_conf::text, c.is_stored, c.address, c.port
        FROM clone c LEFT JOIN clone_snapshot s ON s.id = c.snapshot_id
        """;

    private const string SelectSnapshots =
        "SELECT correlation_id, state, attempt, source_name, sealed_source, dump, clone_key, db_name, waits_for_clones FROM clone_snapshot";

    public async Task<CloneRow?> ReadCloneAsync(Guid key, CancellationToken cancellationToken) =>
        (await ReadAsync($"{SelectClones} WHERE c.correlation_id = $1", key, Clone, cancellationToken)).FirstOrDefault();

    public Task<List<CloneRow>> ReadClonesAsync(string hostId, CancellationToken cancellationToken) =>
        ReadAsync($"{SelectClones} WHERE c.host_id = $1", hostId, Clone, cancellationToken);

    public async Task<SnapshotRow?> ReadSnapshotAsync(Guid key, CancellationToken cancellationToken) =>
        (await ReadAsync($"{SelectSnapshots} WHERE correlation_id = $1", key, Snapshot, cancellationToken)).FirstOrDefault();

    public Task<List<SnapshotRow>> ReadSnapshotsAsync(string hostId, CancellationToken cancellationToken) =>
        ReadAsync($"{SelectSnapshots} WHERE host_id = $1", hostId, Snapshot, cancellationToken);

    /// <summary>
    /// Notes the size of a clone and whether it was used since the last look: it has sessions at work, its use was
    /// counted on, or a session of it changed its state.
    /// </summary>
    public async Task MeasureAsync(Guid key, long diffSize, CloneActivity activity, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            INSERT INTO clone_measure AS m (clone_id, measured_at, diff_size, use_count, last_active_at)
            SELECT correlation_id, now(), $2, $3, database_now() FROM clone WHERE correlation_id = $1
            ON CONFLICT (clone_id) DO UPDATE SET measured_at = now(), diff_size = excluded.diff_size, use_count = excluded.use_count,
                last_active_at = CASE WHEN $4 OR excluded.use_count <> m.use_count OR $5 > m.measured_at THEN database_now() ELSE m.last_active_at END
            """);
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = diffSize });
        command.Parameters.Add(new() { Value = activity.Use });
        command.Parameters.Add(new() { Value = activity.BusySessions > 0 });
        command.Parameters.Add(Sql.Typed(NpgsqlDbType.TimestampTz, activity.LastActivityAt?.ToUniversalTime()));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<T>> ReadAsync<T>(string sql, object parameter, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.Add(new() { Value = parameter });
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        return rows;
    }

    private static CloneRow Clone(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetGuid(0),
        Id = reader.GetString(1),
        State = reader.GetString(2),
        Attempt = reader.GetInt32(3),
        Revision = reader.GetInt32(4),
        SnapshotKey = reader.IsDBNull(5) ? null : reader.GetGuid(5),
        Username = reader.GetString(6),
        Verifier = reader.GetString(7),
        DbName = reader.IsDBNull(8) ? null : reader.GetString(8),
        IsRestricted = reader.GetBoolean(9),
        Settings = JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(10))!,
        IsStored = reader.GetBoolean(11),
        Address = reader.IsDBNull(12) ? null : reader.GetString(12),
        Port = reader.IsDBNull(13) ? null : reader.GetInt32(13),
    };

    private static SnapshotRow Snapshot(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetGuid(0),
        State = reader.GetString(1),
        Attempt = reader.GetInt32(2),
        SourceName = reader.IsDBNull(3) ? null : reader.GetString(3),
        SealedSource = reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4),
        Dump = reader.IsDBNull(5) ? null : reader.GetString(5),
        CloneKey = reader.IsDBNull(6) ? null : reader.GetGuid(6),
        DbName = reader.IsDBNull(7) ? null : reader.GetString(7),
        WaitsForClones = reader.GetBoolean(8),
    };
}
