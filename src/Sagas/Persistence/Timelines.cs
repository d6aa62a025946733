using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Persistence;

/// <summary>A place in the timeline of one resource: what comes after the event with this id.</summary>
public readonly record struct TimelinePosition(string Kind, string Key, long After);

/// <summary>Reads what happened to resources.</summary>
public sealed class Timelines(NpgsqlDataSource source)
{
    private const string Select = """
        SELECT w.no, e.id, e.at, e.kind, e.key, e.what, e.from_state, e.to_state, e.reason, e.actor, e.trace_id
        FROM unnest($1, $2, $3) WITH ORDINALITY AS w (kind, key, after, no)
        CROSS JOIN LATERAL (SELECT * FROM resource_event e
                            WHERE e.kind = w.kind AND e.key = w.key AND e.id > w.after ORDER BY e.id LIMIT $4) e
        ORDER BY w.no, e.id
        """;

    /// <summary>The next events of one resource, the oldest first.</summary>
    public async Task<IReadOnlyList<ResourceEvent>> ReadAsync(TimelinePosition position, int limit, CancellationToken cancellationToken) =>
        (await ReadAsync([position], limit, cancellationToken))[0];

    /// <summary>The next events of several resources, in one round trip; a list for each position.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<ResourceEvent>>> ReadAsync(
        IReadOnlyList<TimelinePosition> positions, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Select);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. positions.Select(p => p.Kind)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. positions.Select(p => p.Key)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. positions.Select(p => p.After)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        var events = positions.Select(_ => new List<ResourceEvent>()).ToList();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            events[(int)reader.GetInt64(0) - 1].Add(Read(reader));
        return events;
    }

    /// <summary>Id of the newest event of a resource, 0 when there is none.</summary>
    public async Task<long> LastIdAsync(string kind, string key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT coalesce(max(id), 0) FROM resource_event WHERE kind = $1 AND key = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kind });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        return await command.ExecuteScalarAsync(cancellationToken) is long id ? id : 0;
    }

    private static ResourceEvent Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(1),
        At = reader.GetFieldValue<DateTimeOffset>(2),
        Kind = reader.GetString(3),
        Key = reader.GetString(4),
        What = reader.GetString(5),
        FromState = Text(reader, 6),
        ToState = Text(reader, 7),
        Reason = Text(reader, 8),
        Actor = Text(reader, 9),
        TraceId = Text(reader, 10),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
