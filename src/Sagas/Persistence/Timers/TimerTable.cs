using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>The statements on table <c>timer</c>. Tokens are touched in order, so that writers do not wait in circles.</summary>
internal static class TimerTable
{
    // What another process is claiming is skipped: it fires there. The rows leave the table and enter the outbox in one
    // statement, so a timer is always in exactly one of them.
    private const string Claim = """
        WITH fired AS MATERIALIZED (
            DELETE FROM timer WHERE token = ANY (ARRAY(
                SELECT token FROM timer WHERE due_at <= database_now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED))
            RETURNING gen_random_uuid() AS id, timer.*),
        sent AS (
            INSERT INTO outbox (id, owner, message_id, exchange, routing_key, is_mandatory, content_type, headers, body)
            SELECT id, $1, message_id, exchange, routing_key, is_mandatory, content_type, headers, body FROM fired)
        SELECT id, message_id, exchange, routing_key, is_mandatory, content_type, headers::text, body, database_now() - due_at
        FROM fired ORDER BY due_at
        """;

    private const string UntilNext = "SELECT least(min(due_at) - database_now(), interval '1 day') FROM timer WHERE due_at > database_now()";

    /// <summary>Sets timers; a token that is set already gets the new message and the new time.</summary>
    public static NpgsqlBatchCommand Set(IEnumerable<PendingTimer> timers)
    {
        var sorted = timers.OrderBy(timer => timer.Token.ToString(), StringComparer.Ordinal).ToList();
        var command = new NpgsqlBatchCommand("""
            INSERT INTO timer (token, due_at, message_id, exchange, routing_key, is_mandatory, content_type, headers, body)
            SELECT t.token, coalesce(t.due_at, database_now() + t.delay), t.message_id, t.exchange, t.routing_key, t.is_mandatory, t.content_type, t.headers::jsonb, t.body
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                AS t (token, due_at, delay, message_id, exchange, routing_key, is_mandatory, content_type, headers, body)
            ON CONFLICT (token) DO UPDATE SET due_at = excluded.due_at, message_id = excluded.message_id, exchange = excluded.exchange,
                routing_key = excluded.routing_key, is_mandatory = excluded.is_mandatory, content_type = excluded.content_type,
                headers = excluded.headers, body = excluded.body
            """);
        Add(NpgsqlDbType.Uuid, t => t.Token);
        Add(NpgsqlDbType.TimestampTz, t => t.DueAt?.ToUniversalTime());
        Add(NpgsqlDbType.Interval, t => t.Delay);
        Add(NpgsqlDbType.Text, t => t.Message.MessageId);
        Add(NpgsqlDbType.Text, t => t.Message.Exchange);
        Add(NpgsqlDbType.Text, t => t.Message.RoutingKey);
        Add(NpgsqlDbType.Boolean, t => t.Message.IsMandatory);
        Add(NpgsqlDbType.Text, t => t.Message.ContentType);
        Add(NpgsqlDbType.Text, t => t.Message.Headers);
        Add(NpgsqlDbType.Bytea, t => t.Message.Body);
        return command;

        void Add<T>(NpgsqlDbType type, Func<PendingTimer, T> column) =>
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. sorted.Select(column)], NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    /// <summary>Takes timers back; those that have fired, or never were, stay without effect.</summary>
    public static NpgsqlBatchCommand Remove(IEnumerable<Guid> tokens) => Sql.Command(
        "DELETE FROM timer WHERE token = ANY (ARRAY(SELECT token FROM timer WHERE token = ANY ($1) ORDER BY token FOR UPDATE))",
        tokens.ToArray());

    /// <summary>
    /// Moves timers that are due into the outbox, the oldest first, and tells how long it is until the next one: null
    /// when there is none.
    /// </summary>
    public static async Task<DueMessages> ClaimDueAsync(NpgsqlDataSource source, int owner, int limit, CancellationToken cancellationToken)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(Claim, owner, limit));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(UntilNext));
        var messages = new List<OutboxMessage>();
        var lateness = new List<TimeSpan>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            messages.Add(new OutboxMessage
            {
                Id = reader.GetGuid(0),
                MessageId = reader.GetString(1),
                Exchange = reader.GetString(2),
                RoutingKey = reader.GetString(3),
                IsMandatory = reader.GetBoolean(4),
                ContentType = reader.GetString(5),
                Headers = reader.GetString(6),
                Body = reader.GetFieldValue<byte[]>(7),
            });
            lateness.Add(reader.GetTimeSpan(8));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new DueMessages(messages, lateness, await reader.IsDBNullAsync(0, cancellationToken) ? null : reader.GetTimeSpan(0));
    }
}

/// <summary>Timers that were due and are in the outbox now.</summary>
/// <param name="Messages">What to publish.</param>
/// <param name="Lateness">Of each message, from its due time to its claim.</param>
/// <param name="UntilNext">Until the next timer is due, one day at most; null when there is none.</param>
internal sealed record DueMessages(List<OutboxMessage> Messages, List<TimeSpan> Lateness, TimeSpan? UntilNext);
