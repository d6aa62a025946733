using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Persistence.DeadLetters;

/// <summary>The statements on table <c>dead_letter</c> that messaging needs.</summary>
public static class DeadLetterTable
{
    /// <summary>Inserts one; a redelivered message that is there already changes nothing.</summary>
    public static NpgsqlBatchCommand Insert(DeadLetter letter) => Sql.Command(
        """
        INSERT INTO dead_letter (id, queue, message_id, reason, error_type, exchange, routing_key, content_type, headers, body, trace_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11)
        ON CONFLICT (id) DO NOTHING
        """,
        letter.Id, letter.Queue, Text(letter.MessageId), letter.Reason, Text(letter.ErrorType), letter.Exchange, letter.RoutingKey,
        Text(letter.ContentType), letter.Headers, letter.Body, Text(letter.TraceId));

    /// <summary>Inserts one; if the database refuses what its publisher wrote, then without that.</summary>
    public static async Task InsertAsync(NpgsqlDataSource source, DeadLetter letter, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(source, letter, cancellationToken);
        }
        catch (PostgresException exception) when (Transient.IsDataFault(exception))
        {
            await WriteAsync(source, letter.Bare(), cancellationToken);
        }
    }

    private static async Task WriteAsync(NpgsqlDataSource source, DeadLetter letter, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Insert(letter));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Text(string? value) => Sql.Typed(NpgsqlDbType.Text, value);
}
