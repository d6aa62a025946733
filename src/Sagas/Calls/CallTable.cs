using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// The statements on table <c>call</c> that are done for many calls at once. A call starts by its rank: the microsecond
/// at which it was queued, less a bonus for its priority; so a higher level goes first, and nobody waits for ever.
/// </summary>
public static class CallTable
{
    /// <summary>How many calls of one spec a look at the backlog shows.</summary>
    public const int BacklogLimit = 64;

    /// <summary>Held for the moment in which a worker takes calls, so that they start in order over all workers.</summary>
    public const int TurnLock = 40;

    private const string Rank = "(extract(epoch FROM t.now) * 1000000)::bigint - {0} * $1";

    private static readonly string InsertSql = $"""
        INSERT INTO call (id, fn_id, spec_id, status, type, priority, rank, delay, due_at, max_retries, retry_delay, trigger_id, url, method,
                          headers, payload, callback_url, created_at, queued_at, trace_id, trace_parent, actor)
        SELECT c.id, c.fn_id, c.spec_id, CASE WHEN c.delay > 0 THEN 'delayed' ELSE 'queued' END, 'async', c.priority, {string.Format(Rank, "c.priority")},
               c.delay, CASE WHEN c.delay > 0 THEN t.now + c.delay * interval '1 second' END, c.max_retries, c.retry_delay, c.trigger_id, c.url, c.method,
               c.headers, c.payload, c.callback_url, c.created_at, CASE WHEN c.delay > 0 THEN NULL ELSE t.now END, c.trace_id, c.trace_parent, c.actor
        FROM (SELECT database_now() AS now) t, unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            AS c (id, fn_id, spec_id, priority, delay, max_retries, retry_delay, trigger_id, url, method, headers, payload, callback_url, created_at,
                  trace_id, trace_parent, actor)
        ON CONFLICT (id) DO NOTHING
        RETURNING id
        """;

    // The calls of a spec are dealt out to its free slots one by one, in their order.
    private const string ClaimSql = """
        WITH slot AS MATERIALIZED (
            SELECT no, spec_id, container, most, row_number() OVER (PARTITION BY spec_id ORDER BY no) - 1 AS place, count(*) OVER (PARTITION BY spec_id) AS slots
            FROM unnest($1, $2, $3) WITH ORDINALITY AS s (spec_id, container, most, no)),
        first AS MATERIALIZED (
            SELECT w.spec_id, c.id, c.rank FROM (SELECT spec_id, sum(most) AS n FROM slot GROUP BY spec_id) w
            CROSS JOIN LATERAL (
                SELECT id, rank FROM call WHERE spec_id = w.spec_id AND status = 'queued' ORDER BY rank, id LIMIT w.n FOR UPDATE SKIP LOCKED) c),
        pair AS (
            SELECT slot.no, slot.container, p.id, p.place FROM (SELECT spec_id, id, row_number() OVER (PARTITION BY spec_id ORDER BY rank, id) - 1 AS place FROM first) p
            JOIN slot ON slot.spec_id = p.spec_id AND slot.place = p.place % slot.slots),
        claimed AS (
            UPDATE call SET status = 'running', started_at = t.now, worker = $4, container = pair.container
            FROM pair, (SELECT database_now() AS now) t
            WHERE call.id = pair.id AND call.status = 'queued'
            RETURNING call.id, call.spec_id, call.container, call.headers, call.payload, call.trace_parent, call.trace_id, call.actor,
                      call.started_at - call.queued_at AS waited, pair.no, pair.place)
        SELECT id, spec_id, container, headers, payload, trace_parent, trace_id, actor, waited, (no - 1)::int FROM claimed ORDER BY place
        """;

    // One look into the index for each spec that has calls waiting, however many they are.
    private static readonly string BacklogSql = $"""
        WITH RECURSIVE spec AS (
            (SELECT spec_id FROM call WHERE status = 'queued' ORDER BY spec_id LIMIT 1)
            UNION ALL
            SELECT (SELECT c.spec_id FROM call c WHERE c.status = 'queued' AND c.spec_id > spec.spec_id ORDER BY c.spec_id LIMIT 1)
            FROM spec WHERE spec.spec_id IS NOT NULL)
        SELECT spec.spec_id, f.ranks, greatest((SELECT database_now()) - f.queued_at, interval '0')
        FROM spec CROSS JOIN LATERAL (
            SELECT array_agg(c.rank ORDER BY c.rank) AS ranks, min(c.queued_at) AS queued_at
            FROM (SELECT rank, queued_at FROM call WHERE spec_id = spec.spec_id AND status = 'queued' ORDER BY rank, id LIMIT {BacklogLimit}) c) f
        WHERE spec.spec_id IS NOT NULL AND f.ranks IS NOT NULL
        """;

    private static readonly string PromoteSql = $"""
        WITH due AS MATERIALIZED (
            SELECT id FROM call WHERE status = 'delayed' AND due_at <= (SELECT database_now()) ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED),
        queued AS (
            UPDATE call SET status = 'queued', queued_at = t.now, rank = {string.Format(Rank, "call.priority")}
            FROM due, (SELECT database_now() AS now) t WHERE call.id = due.id AND call.status = 'delayed'
            RETURNING call.id, call.trace_id, call.queued_at - call.due_at AS late),
        line AS (
            INSERT INTO resource_event (kind, key, what, from_state, to_state, actor, trace_id)
            SELECT 'call', id, 'queued', 'delayed', 'queued', 'timer', trace_id FROM queued)
        SELECT count(*)::int, coalesce(max(late), interval '0') FROM queued
        """;

    private static readonly string RetrySql = $"""
        INSERT INTO call (id, fn_id, spec_id, status, type, priority, rank, delay, due_at, attempt, max_retries, retry_delay, retry_of, trigger_id, url,
                          method, headers, payload, callback_url, created_at, queued_at, trace_id, trace_parent, actor)
        SELECT r.id, c.fn_id, c.spec_id, CASE WHEN r.delay > 0 THEN 'delayed' ELSE 'queued' END, c.type, c.priority, {string.Format(Rank, "c.priority")},
               ceil(r.delay)::int, CASE WHEN r.delay > 0 THEN t.now + r.delay * interval '1 second' END, c.attempt + 1, r.max_retries, c.retry_delay, c.id, c.trigger_id, c.url,
               c.method, c.headers, c.payload, c.callback_url, t.now, CASE WHEN r.delay > 0 THEN NULL ELSE t.now END, r.trace_id, r.trace_parent, r.actor
        FROM (SELECT database_now() AS now) t, unnest($2, $3, $4, $5, $6, $7, $8) AS r (id, of, delay, max_retries, trace_id, trace_parent, actor)
        JOIN call c ON c.id = r.of
        ON CONFLICT (id) DO NOTHING
        RETURNING id
        """;

    /// <summary>Stores accepted calls; the rows of the result are the ids that are new.</summary>
    public static NpgsqlBatchCommand Insert(IReadOnlyList<NewCall> calls, TimeSpan ageingStep)
    {
        var command = new NpgsqlBatchCommand(InsertSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Microseconds(ageingStep) });
        Add(command, NpgsqlDbType.Text, calls, c => c.Id);
        Add(command, NpgsqlDbType.Text, calls, c => c.FnId);
        Add(command, NpgsqlDbType.Bigint, calls, c => c.SpecId);
        Add(command, NpgsqlDbType.Smallint, calls, c => c.Priority);
        Add(command, NpgsqlDbType.Integer, calls, c => c.Delay);
        Add(command, NpgsqlDbType.Smallint, calls, c => c.MaxRetries);
        Add(command, NpgsqlDbType.Integer, calls, c => c.RetryDelay);
        Add(command, NpgsqlDbType.Text, calls, c => c.TriggerId);
        Add(command, NpgsqlDbType.Text, calls, c => c.Url);
        Add(command, NpgsqlDbType.Text, calls, c => c.Method);
        Add(command, NpgsqlDbType.Text, calls, c => c.Headers);
        Add(command, NpgsqlDbType.Bytea, calls, c => c.Payload);
        Add(command, NpgsqlDbType.Text, calls, c => c.CallbackUrl);
        Add(command, NpgsqlDbType.TimestampTz, calls, c => c.CreatedAt.ToUniversalTime());
        Add(command, NpgsqlDbType.Text, calls, c => c.TraceId);
        Add(command, NpgsqlDbType.Text, calls, c => c.TraceParent);
        Add(command, NpgsqlDbType.Text, calls, c => c.Actor);
        return command;
    }

    /// <summary>Stores calls that begin or have ended; the rows of the result are the ids that are new.</summary>
    public static NpgsqlBatchCommand InsertStarted(IReadOnlyList<StartedCall> calls)
    {
        var command = new NpgsqlBatchCommand("""
            INSERT INTO call (id, fn_id, spec_id, status, type, trigger_id, url, method, headers, callback_url, created_at, started_at, completed_at, execution_duration,
                              reason, error, stats, result_status, result_headers, result, worker, container, trace_id, trace_parent, actor)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
            ON CONFLICT (id) DO NOTHING
            RETURNING id
            """);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.Id);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.FnId);
        Add(command, NpgsqlDbType.Bigint, calls, c => c.Call.SpecId);
        Add(command, NpgsqlDbType.Text, calls, c => c.End?.Status ?? CallStatus.Running);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.Type);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.TriggerId);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.Url);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.Method);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.Headers);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.CallbackUrl);
        Add(command, NpgsqlDbType.TimestampTz, calls, c => c.Call.CreatedAt.ToUniversalTime());
        Add(command, NpgsqlDbType.TimestampTz, calls, c => c.StartedAt?.ToUniversalTime());
        Add(command, NpgsqlDbType.TimestampTz, calls, c => c.CompletedAt?.ToUniversalTime());
        Add(command, NpgsqlDbType.Bigint, calls, c => c.End?.ExecutionDuration);
        Add(command, NpgsqlDbType.Text, calls, c => c.End?.Reason);
        Add(command, NpgsqlDbType.Text, calls, c => c.End?.Error);
        Add(command, NpgsqlDbType.Text, calls, c => c.End?.Stats);
        Add(command, NpgsqlDbType.Smallint, calls, c => c.End?.ResultStatus);
        Add(command, NpgsqlDbType.Text, calls, c => c.End?.ResultHeaders);
        Add(command, NpgsqlDbType.Bytea, calls, c => c.End?.Result);
        Add(command, NpgsqlDbType.Integer, calls, c => c.Worker);
        Add(command, NpgsqlDbType.Text, calls, c => c.Container);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.TraceId);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.TraceParent);
        Add(command, NpgsqlDbType.Text, calls, c => c.Call.Actor);
        return command;
    }

    /// <summary>Waits for this worker's turn to take calls; it ends with the transaction.</summary>
    public static NpgsqlBatchCommand TakeTurn() => new($"SELECT pg_advisory_xact_lock({TurnLock}, 0)");

    /// <summary>
    /// Gives the free slots the next calls of their specs, each so many at the most. Read the rows by <see cref="ReadClaimed"/>; one more
    /// column is the slot's place in the list.
    /// </summary>
    public static NpgsqlBatchCommand Claim(IReadOnlyList<(long SpecId, string Container, int Most)> slots, int worker)
    {
        var command = new NpgsqlBatchCommand(ClaimSql);
        Add(command, NpgsqlDbType.Bigint, slots, s => s.SpecId);
        Add(command, NpgsqlDbType.Text, slots, s => s.Container);
        Add(command, NpgsqlDbType.Integer, slots, s => s.Most);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = worker });
        return command;
    }

    public static ClaimedCall ReadClaimed(NpgsqlDataReader row) => new()
    {
        Id = row.GetString(0),
        SpecId = row.GetInt64(1),
        Container = row.GetString(2),
        Headers = row.GetString(3),
        Payload = row.IsDBNull(4) ? [] : row.GetFieldValue<byte[]>(4),
        TraceParent = row.IsDBNull(5) ? null : row.GetString(5),
        TraceId = row.IsDBNull(6) ? null : row.GetString(6),
        Actor = row.GetString(7),
        Waited = row.IsDBNull(8) ? TimeSpan.Zero : row.GetTimeSpan(8),
    };

    /// <summary>What waits, spec by spec.</summary>
    public static NpgsqlBatchCommand ReadBacklog() => new(BacklogSql);

    /// <inheritdoc cref="ReadBacklog()"/>
    public static async Task<List<Backlog>> ReadBacklogAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var backlog = new List<Backlog>();
        while (await reader.ReadAsync(cancellationToken))
            backlog.Add(new Backlog(reader.GetInt64(0), reader.GetFieldValue<long[]>(1), reader.GetTimeSpan(2)));
        return backlog;
    }

    /// <summary>Queues delayed calls that are due, the oldest first; gives how many they were and the most that one was late.</summary>
    public static async Task<(int Count, TimeSpan Latest)> PromoteAsync(
        NpgsqlDataSource source, TimeSpan ageingStep, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(PromoteSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Microseconds(ageingStep) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt32(0), reader.GetTimeSpan(1));
    }

    /// <summary>Makes the calls that repeat others.</summary>
    public static NpgsqlBatchCommand Retry(IReadOnlyList<CallRetry> retries, TimeSpan ageingStep)
    {
        var command = new NpgsqlBatchCommand(RetrySql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Microseconds(ageingStep) });
        Add(command, NpgsqlDbType.Text, retries, r => r.Id);
        Add(command, NpgsqlDbType.Text, retries, r => r.Of);
        Add(command, NpgsqlDbType.Double, retries, r => r.Delay.TotalSeconds);
        Add(command, NpgsqlDbType.Smallint, retries, r => r.MaxRetries);
        Add(command, NpgsqlDbType.Text, retries, r => r.TraceId);
        Add(command, NpgsqlDbType.Text, retries, r => r.TraceParent);
        Add(command, NpgsqlDbType.Text, retries, r => r.Actor);
        return command;
    }

    /// <summary>Keeps what functions wrote.</summary>
    public static NpgsqlBatchCommand InsertLogs(IReadOnlyList<(string CallId, byte[] Log)> logs)
    {
        var command = new NpgsqlBatchCommand("""
            INSERT INTO call_log (call_id, log) SELECT l.id, l.log FROM unnest($1, $2) AS l (id, log) JOIN call c ON c.id = l.id
            ON CONFLICT (call_id) DO NOTHING
            """);
        Add(command, NpgsqlDbType.Text, logs, l => l.CallId);
        Add(command, NpgsqlDbType.Bytea, logs, l => l.Log);
        return command;
    }

    internal static void Add<TRow, T>(NpgsqlBatchCommand command, NpgsqlDbType type, IReadOnlyList<TRow> rows, Func<TRow, T> column)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = column(rows[i]);
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    internal static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <summary>A call that repeats another.</summary>
/// <param name="Id">The new call.</param>
/// <param name="Of">The call that it repeats.</param>
/// <param name="Delay">Until it is queued.</param>
/// <param name="MaxRetries">That it has left.</param>
/// <param name="TraceId">The trace that caused it.</param>
/// <param name="TraceParent">W3C's <c>traceparent</c> of what caused it.</param>
/// <param name="Actor">Who caused it.</param>
public sealed record CallRetry(string Id, string Of, TimeSpan Delay, short MaxRetries, string? TraceId, string? TraceParent, string Actor);
