using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>
/// Writes job changes set-based: inbox, insert or merge, and assignment are one statement. It is the only place that
/// inserts jobs or moves them forward, whatever the way they came.
/// </summary>
public sealed class JobWriter(IOptions<JobsOptions> options)
{
    private const string LabelSeparator = "\u001f";

    // The lock must be its own statement: the next one takes its snapshot after the lock is held, and so sees every
    // flavor as it is.
    private static readonly string LockShared = $"""
        SELECT pg_advisory_xact_lock_shared({AdvisoryLocks.Platform}, hashtext(platform))
        FROM (SELECT DISTINCT platform FROM unnest($1) AS p (platform) ORDER BY platform) platforms
        """;

    private const string Apply = """
        WITH message AS (
            SELECT * FROM unnest($10::uuid[], $11::int[]) AS m (message_id, no)),
        fresh AS (
            INSERT INTO inbox (message_id, consumer)
            SELECT DISTINCT message_id, $12 FROM message WHERE message_id IS NOT NULL ORDER BY message_id
            ON CONFLICT DO NOTHING
            RETURNING message_id),
        live AS (
            SELECT DISTINCT no FROM message LEFT JOIN fresh USING (message_id)
            WHERE message.message_id IS NULL OR fresh.message_id IS NOT NULL),
        change AS MATERIALIZED (
            SELECT c.*, string_to_array(c.label_list, E'\x1f') AS labels
            FROM unnest($1, $2, $3::smallint[], $4, $5, $6, $7, $8, $9, $14, $15) WITH ORDINALITY
                AS c (platform, id, source, label_list, created_at, started_at, completed_at, raw, trace_id, raw_ranks, is_guess, no)
            JOIN live USING (no)
            WHERE NOT EXISTS (SELECT FROM job_tombstone t WHERE t.platform = c.platform AND t.id = c.id)),
        wanted AS MATERIALIZED (
            SELECT DISTINCT platform, labels FROM change WHERE source < 2 AND labels IS NOT NULL),
        candidate AS MATERIALIZED (
            SELECT w.platform, w.labels, best.names
            FROM wanted w CROSS JOIN LATERAL (
                SELECT array_agg(name) AS names FROM (
                    SELECT f.name, rank() OVER (ORDER BY f.priority DESC) AS place
                    FROM flavor f
                    WHERE f.platform = w.platform AND NOT f.is_disabled AND f.labels @> w.labels) fitting
                WHERE place = 1) best),
        placed AS (
            SELECT c.*, CASE WHEN c.source < 2
                        THEN f.names[1 + floor(random() * cardinality(f.names))::int] END AS flavor
            FROM change c LEFT JOIN candidate f ON f.platform = c.platform AND f.labels = c.labels)
        INSERT INTO job AS j (platform, id, labels, created_at, is_created_at_guess, started_at, completed_at, raw, raw_ranks,
                              assigned_flavor, source, is_aged, trace_id, changes)
        SELECT platform, id, coalesce(labels, '{}'), coalesce(created_at, now()), is_guess, started_at,
               completed_at, coalesce(raw::jsonb, '{}'), coalesce(raw_ranks::jsonb, '{}'),
               flavor, source,
               coalesce(created_at < now() - $13::interval, false), trace_id,
               8 + CASE WHEN started_at IS NULL THEN 0 ELSE 1 END + CASE WHEN completed_at IS NULL THEN 0 ELSE 2 END
                 + CASE WHEN flavor IS NULL THEN 0 ELSE 4 END
        FROM placed ORDER BY platform, id
        ON CONFLICT (platform, id) DO UPDATE SET
            labels = CASE WHEN excluded.source < least(j.source, 2) OR (j.source >= 2 AND j.labels = '{}')
                          THEN excluded.labels ELSE j.labels END,
            created_at = earlier_created_at(j.created_at, j.is_created_at_guess, excluded.created_at, excluded.is_created_at_guess),
            is_created_at_guess = j.is_created_at_guess AND excluded.is_created_at_guess,
            started_at = greatest(j.started_at, excluded.started_at),
            completed_at = greatest(j.completed_at, excluded.completed_at),
            raw = j.raw || (excluded.raw - outranked_keys(j.raw_ranks, excluded.raw_ranks)),
            raw_ranks = j.raw_ranks || (excluded.raw_ranks - outranked_keys(j.raw_ranks, excluded.raw_ranks)),
            assigned_flavor =
                CASE WHEN excluded.source < j.source AND excluded.source < 2
                          AND (j.assigned_flavor IS NULL OR (j.completed_at IS NULL AND j.labels <> excluded.labels))
                     THEN excluded.assigned_flavor ELSE j.assigned_flavor END,
            source = least(j.source, excluded.source),
            changes = CASE WHEN j.started_at IS NULL AND excluded.started_at IS NOT NULL THEN 1 ELSE 0 END
                    + CASE WHEN j.completed_at IS NULL AND excluded.completed_at IS NOT NULL THEN 2 ELSE 0 END
                    + CASE WHEN excluded.source < j.source AND excluded.source < 2 AND excluded.assigned_flavor IS NOT NULL
                                AND (j.assigned_flavor IS NULL OR (j.completed_at IS NULL AND j.labels <> excluded.labels))
                           THEN 4 ELSE 0 END
                    + CASE WHEN excluded.source < 2 AND j.source >= 2 THEN 16 ELSE 0 END
        WHERE excluded.started_at > coalesce(j.started_at, '-infinity')
           OR excluded.completed_at > coalesce(j.completed_at, '-infinity')
           OR excluded.source < j.source
           OR (j.source >= 2 AND j.labels = '{}' AND excluded.labels <> '{}')
           OR excluded.raw_ranks - outranked_keys(j.raw_ranks, excluded.raw_ranks) <> '{}'
           OR (j.is_created_at_guess AND NOT excluded.is_created_at_guess)
           OR earlier_created_at(j.created_at, j.is_created_at_guess, excluded.created_at, excluded.is_created_at_guess) < j.created_at
        RETURNING platform, id, changes, source, labels, assigned_flavor, started_at, completed_at, created_at
        """;

    /// <summary>
    /// Adds to <paramref name="transaction"/> whatever the changes come to, and says what that was.
    /// </summary>
    /// <param name="transaction">Commit it to keep the result.</param>
    /// <param name="changes">At most one per job.</param>
    /// <param name="receipts">The messages behind the changes: their id, where they have one, and the index of their change.</param>
    /// <param name="consumer">In whose name the messages enter the inbox.</param>
    /// <param name="traceIds">The trace of each change, by index.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The jobs that changed, in no order.</returns>
    /// <exception cref="NpgsqlException">The database is away or refuses a value.</exception>
    public async Task<List<JobOutcome>> ApplyAsync(
        DurableTransaction transaction,
        IReadOnlyList<JobChange> changes,
        IReadOnlyList<(Guid? MessageId, int Change)> receipts,
        string consumer,
        IReadOnlyList<string?> traceIds,
        CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        var platforms = Column(NpgsqlDbType.Text, changes, c => c.Platform);
        batch.BatchCommands.Add(Sql.Command(LockShared, Column(NpgsqlDbType.Text, changes, c => c.Platform)));
        batch.BatchCommands.Add(Sql.Command(
            Apply,
            platforms,
            Column(NpgsqlDbType.Text, changes, c => c.Id),
            Column(NpgsqlDbType.Smallint, changes, c => (short)c.Kind),
            Column(NpgsqlDbType.Text, changes, c => c.Labels is null ? null : string.Join(LabelSeparator, c.Labels)),
            Column(NpgsqlDbType.TimestampTz, changes, c => (c.CreatedAt ?? c.FirstTime)?.ToUniversalTime()),
            Column(NpgsqlDbType.TimestampTz, changes, c => c.StartedAt?.ToUniversalTime()),
            Column(NpgsqlDbType.TimestampTz, changes, c => c.CompletedAt?.ToUniversalTime()),
            Column(NpgsqlDbType.Text, changes, c => c.Raw),
            new NpgsqlParameter<string?[]> { TypedValue = [.. traceIds], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            Column(NpgsqlDbType.Uuid, receipts, r => r.MessageId),
            Column(NpgsqlDbType.Integer, receipts, r => r.Change + 1),
            consumer,
            Sql.Typed(NpgsqlDbType.Interval, options.Value.PressureMaxAge),
            Column(NpgsqlDbType.Text, changes, c => c.Raw is null ? null : JsonSerializer.Serialize(c.RawRanks)),
            Column(NpgsqlDbType.Boolean, changes, c => c.CreatedAt is null)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await SkipToLastAsync(reader, cancellationToken);
        var outcomes = new List<JobOutcome>(changes.Count);
        while (await reader.ReadAsync(cancellationToken))
            outcomes.Add(Read(reader));
        return outcomes;
    }

    // BEGIN, when it is part of the batch, has no result set; the lock has one, the outcomes are the next.
    private static async Task SkipToLastAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        while (reader.FieldCount < 9 && await reader.NextResultAsync(cancellationToken))
        {
        }
    }

    private static JobOutcome Read(NpgsqlDataReader reader) => new()
    {
        Platform = reader.GetString(0),
        Id = reader.GetString(1),
        Transitions = (JobTransitions)reader.GetInt16(2),
        Source = (JobEventKind)reader.GetInt16(3),
        Labels = reader.GetFieldValue<string[]>(4),
        Flavor = reader.IsDBNull(5) ? null : reader.GetString(5),
        StartedAt = reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
        CompletedAt = reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(8),
    };

    private static NpgsqlParameter Column<TItem, T>(NpgsqlDbType type, IReadOnlyList<TItem> items, Func<TItem, T> column)
    {
        var values = new T[items.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = column(items[i]);
        return new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
