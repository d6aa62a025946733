using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Persistence.DeadLetters;

/// <summary>How many dead letters came from one queue.</summary>
public sealed record DeadLetterCount(string Queue, long Count, DateTimeOffset Oldest);

/// <summary>A dead letter with at most <see cref="DeadLetterStore.PreviewBytes"/> of its body.</summary>
public sealed record DeadLetterEntry(DeadLetter Letter, int Size);

/// <summary>Reads, removes and replays dead letters, for those who operate the system.</summary>
public sealed class DeadLetterStore(NpgsqlDataSource source, DurableTransactions transactions)
{
    /// <summary>Enough bytes for 512 characters of any length.</summary>
    public const int PreviewBytes = 2048;

    private const int ReplayedAtOnce = 100;

    // Bound to those that are there when it begins: what fails again comes back as a new one.
    private const string Take = """
        DELETE FROM dead_letter WHERE id IN (
            SELECT id FROM dead_letter
            WHERE queue = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) AND first_seen <= $3
            ORDER BY first_seen, id LIMIT $4 FOR UPDATE SKIP LOCKED)
        RETURNING id, queue, message_id, reason, error_type, exchange, routing_key, content_type, headers::text, first_seen, trace_id,
                  body, octet_length(body)
        """;

    private static readonly string Select = $"""
        SELECT id, queue, message_id, reason, error_type, exchange, routing_key, content_type, headers::text, first_seen, trace_id,
               substring(body FROM 1 FOR {PreviewBytes}), octet_length(body)
        FROM dead_letter
        """;

    /// <summary>The queues that have dead letters, by name.</summary>
    public async Task<IReadOnlyList<DeadLetterCount>> CountAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "SELECT queue, count(*), min(first_seen) FROM dead_letter GROUP BY queue ORDER BY queue");
        var counts = new List<DeadLetterCount>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            counts.Add(new DeadLetterCount(reader.GetString(0), reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2)));
        return counts;
    }

    /// <summary>The dead letters of one queue, or of all, the oldest first.</summary>
    public Task<IReadOnlyList<DeadLetterEntry>> ListAsync(
        string? queue, (DateTimeOffset FirstSeen, Guid Id)? after, int limit, CancellationToken cancellationToken)
    {
        var sql = $"""
            {Select}
            WHERE ($1::text IS NULL OR queue = $1) AND ($2::timestamptz IS NULL OR (first_seen, id) > ($2, $3))
            ORDER BY first_seen, id LIMIT $4
            """;
        return ReadAsync(
            sql,
            [
                Sql.Typed(NpgsqlDbType.Text, queue),
                Sql.Typed(NpgsqlDbType.TimestampTz, after?.FirstSeen.UtcDateTime),
                Sql.Typed(NpgsqlDbType.Uuid, after?.Id),
                limit,
            ],
            cancellationToken);
    }

    /// <summary>One dead letter with its whole body, or null.</summary>
    public async Task<DeadLetter?> ReadAsync(string queue, Guid id, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(
            $"{Select.Replace($"substring(body FROM 1 FOR {PreviewBytes})", "body", StringComparison.Ordinal)} WHERE queue = $1 AND id = $2",
            [queue, id], cancellationToken);
        return found is [var entry] ? entry.Letter : null;
    }

    /// <summary>
    /// Sends dead letters back to their queue with their old message ids. Each chunk moves from the dead letters to the
    /// outbox in one transaction, so none is lost or doubled, whatever ends meanwhile.
    /// </summary>
    /// <param name="queue">Where they came from and go to.</param>
    /// <param name="ids">Which of them; null: all that are there now.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the work between two chunks.</param>
    /// <returns>How many were sent.</returns>
    public async Task<int> ReplayAsync(string queue, IReadOnlyCollection<Guid>? ids, int limit, CancellationToken cancellationToken)
    {
        await using var clock = source.CreateCommand("SELECT clock_timestamp()");
        var now = (DateTime)(await clock.ExecuteScalarAsync(cancellationToken))!;
        var replayed = 0;
        while (replayed < limit)
        {
            var sent = await ReplayAsync(queue, ids, now, Math.Min(ReplayedAtOnce, limit - replayed), cancellationToken);
            if (sent == 0)
                break;
            replayed += sent;
        }

        return replayed;
    }

    /// <summary>Removes dead letters of a queue: those with these ids, or all. Gives their number.</summary>
    public async Task<int> DeleteAsync(string queue, IReadOnlyCollection<Guid>? ids, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            "DELETE FROM dead_letter WHERE queue = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2))",
            queue, Sql.Typed(NpgsqlDbType.Array | NpgsqlDbType.Uuid, ids?.ToArray())));
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<int> ReplayAsync(
        string queue, IReadOnlyCollection<Guid>? ids, DateTime before, int limit, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            Take, queue, Sql.Typed(NpgsqlDbType.Array | NpgsqlDbType.Uuid, ids?.ToArray()), before, limit));
        var letters = new List<DeadLetter>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                letters.Add(Read(reader));
        }

        if (letters.Count == 0)
            return 0;
        foreach (var letter in letters.OrderBy(letter => letter.FirstSeen))
            transaction.Publish(ReplayedMessage.Of(letter));
        await transaction.CommitAsync(cancellationToken);
        return letters.Count;
    }

    private async Task<IReadOnlyList<DeadLetterEntry>> ReadAsync(string sql, object?[] values, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(sql, values));
        var entries = new List<DeadLetterEntry>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            entries.Add(new DeadLetterEntry(Read(reader), reader.GetInt32(12)));
        return entries;
    }

    private static DeadLetter Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        Queue = reader.GetString(1),
        MessageId = Text(reader, 2),
        Reason = reader.GetString(3),
        ErrorType = Text(reader, 4),
        Exchange = reader.GetString(5),
        RoutingKey = reader.GetString(6),
        ContentType = Text(reader, 7),
        Headers = reader.GetString(8),
        FirstSeen = reader.GetFieldValue<DateTimeOffset>(9),
        TraceId = Text(reader, 10),
        Body = reader.GetFieldValue<byte[]>(11),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
