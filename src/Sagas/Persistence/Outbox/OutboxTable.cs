using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>The statements on table <c>outbox</c>.</summary>
public static class OutboxTable
{
    private const string Columns = "id, message_id, exchange, routing_key, is_mandatory, content_type, headers::text, body";

    /// <summary>Takes nine parameters: the owner, then a column each.</summary>
    internal const string InsertText = """
        INSERT INTO outbox (id, owner, message_id, exchange, routing_key, is_mandatory, content_type, headers, body)
        SELECT m.id, $1, m.message_id, m.exchange, m.routing_key, m.is_mandatory, m.content_type, m.headers::jsonb, m.body
        FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
            AS m (id, message_id, exchange, routing_key, is_mandatory, content_type, headers, body)
        """;

    /// <summary>Inserts all messages with one statement.</summary>
    public static NpgsqlBatchCommand Insert(int owner, IReadOnlyList<OutboxMessage> messages)
    {
        var command = new NpgsqlBatchCommand(InsertText);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = owner });
        Add(command, NpgsqlDbType.Uuid, messages, m => m.Id);
        Add(command, NpgsqlDbType.Text, messages, m => m.MessageId);
        Add(command, NpgsqlDbType.Text, messages, m => m.Exchange);
        Add(command, NpgsqlDbType.Text, messages, m => m.RoutingKey);
        Add(command, NpgsqlDbType.Boolean, messages, m => m.IsMandatory);
        Add(command, NpgsqlDbType.Text, messages, m => m.ContentType);
        Add(command, NpgsqlDbType.Text, messages, m => m.Headers);
        Add(command, NpgsqlDbType.Bytea, messages, m => m.Body);
        return command;
    }

    public static async Task DeleteAsync(NpgsqlDataSource source, Guid[] ids, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("DELETE FROM outbox WHERE id = ANY ($1)");
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Owners of rows, ours included, and how long ago each one's oldest row was claimed.</summary>
    public static async Task<List<(int Owner, TimeSpan Age)>> ReadOwnersAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var owners = new List<(int, TimeSpan)>();
        await using var command = source.CreateCommand("SELECT owner, now() - min(claimed_at) FROM outbox GROUP BY owner");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            owners.Add((reader.GetInt32(0), reader.GetTimeSpan(1)));
        return owners;
    }

    /// <summary>Rows of ours that are older than the time that a hand-over in memory takes.</summary>
    public static Task<List<OutboxMessage>> ReadOwnAsync(
        NpgsqlDataSource source, int owner, TimeSpan age, int limit, CancellationToken cancellationToken) =>
        ReadAsync(source.CreateCommand($"SELECT {Columns} FROM outbox WHERE owner = $1 AND claimed_at < now() - $2 ORDER BY id LIMIT $3"),
            owner, age, limit, cancellationToken);

    /// <summary>Takes over rows of an owner whose advisory lock is free: its process is gone.</summary>
    public static Task<List<OutboxMessage>> ClaimFromDeadAsync(
        NpgsqlDataSource source, int owner, int deadOwner, int limit, CancellationToken cancellationToken) =>
        ReadAsync(source.CreateCommand($"""
            WITH claimed AS (
                UPDATE outbox SET owner = $1, claimed_at = now()
                WHERE id IN (SELECT o.id FROM outbox o
                             WHERE o.owner = $2 AND (SELECT pg_try_advisory_xact_lock({AdvisoryLocks.OutboxOwner}, $2))
                             ORDER BY o.id LIMIT $3 FOR UPDATE SKIP LOCKED)
                RETURNING *)
            SELECT {Columns} FROM claimed ORDER BY id
            """), owner, deadOwner, limit, cancellationToken);

    /// <summary>Takes over rows that a living owner has not published within the lease.</summary>
    public static Task<List<OutboxMessage>> ClaimFromHungAsync(
        NpgsqlDataSource source, int owner, TimeSpan lease, int limit, CancellationToken cancellationToken) =>
        ReadAsync(source.CreateCommand($"""
            WITH claimed AS (
                UPDATE outbox SET owner = $1, claimed_at = now()
                WHERE id IN (SELECT o.id FROM outbox o
                             WHERE o.owner <> $1 AND o.claimed_at < now() - $2
                             ORDER BY o.id LIMIT $3 FOR UPDATE SKIP LOCKED)
                RETURNING *)
            SELECT {Columns} FROM claimed ORDER BY id
            """), owner, lease, limit, cancellationToken);

    /// <summary>Age of the oldest message, or null when the outbox is empty.</summary>
    public static async Task<TimeSpan?> ReadLagAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT now() - min(created_at) FROM outbox");
        return await command.ExecuteScalarAsync(cancellationToken) as TimeSpan?;
    }

    private static async Task<List<OutboxMessage>> ReadAsync(
        NpgsqlCommand command, int owner, object argument, int limit, CancellationToken cancellationToken)
    {
        await using var _ = command;
        command.Parameters.Add(new() { Value = owner });
        command.Parameters.Add(new() { Value = argument });
        command.Parameters.Add(new() { Value = limit });
        var messages = new List<OutboxMessage>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
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
        }

        return messages;
    }

    private static void Add<T>(
        NpgsqlBatchCommand command, NpgsqlDbType type, IReadOnlyList<OutboxMessage> messages, Func<OutboxMessage, T> column) =>
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. messages.Select(column)], NpgsqlDbType = NpgsqlDbType.Array | type });
}
