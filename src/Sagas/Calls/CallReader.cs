using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Calls;

/// <summary>Reads calls and their logs as they are committed.</summary>
public sealed class CallReader(NpgsqlDataSource source)
{
    private const string Columns = """
        c.id, c.fn_id, c.status, c.type, c.priority, c.delay, c.due_at, c.attempt, c.max_retries, c.retry_delay, c.retry_of, c.retry_at, c.trigger_id, c.url,
        c.method, c.headers, c.callback_url, c.created_at, c.queued_at, c.started_at, c.completed_at, c.execution_duration, c.reason, c.error, c.stats,
        c.result_status, c.result_headers, c.trace_id, s.spec
        """;

    /// <summary>A call of a fn, with payload and result.</summary>
    /// <exception cref="FnException">There is no such call.</exception>
    public async Task<Call> ReadAsync(string fnId, string id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT {Columns}, c.payload, c.result FROM call c JOIN fn_spec s ON s.id = c.spec_id WHERE c.id = $1 AND c.fn_id = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fnId });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new FnException(FnErrors.CallNotFound);
        return Read(reader) with { Payload = Bytes(reader, 29), Result = Bytes(reader, 30) };
    }

    /// <summary>A call by its id alone, with payload and result; null when there is none.</summary>
    public async Task<Call?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT {Columns}, c.payload, c.result FROM call c JOIN fn_spec s ON s.id = c.spec_id WHERE c.id = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) with { Payload = Bytes(reader, 29), Result = Bytes(reader, 30) } : null;
    }

    /// <summary>Calls of a fn, the newest first, without payloads and results.</summary>
    /// <param name="fnId">The fn.</param>
    /// <param name="before">Only those with a lower id; empty: from the newest on.</param>
    /// <param name="from">Only those that were made after this time.</param>
    /// <param name="to">Only those that were made before this time.</param>
    /// <param name="status">Only those in this state.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public async Task<List<Call>> ListAsync(
        string fnId, string before, DateTimeOffset? from, DateTimeOffset? to, string? status, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"""
            SELECT {Columns} FROM call c JOIN fn_spec s ON s.id = c.spec_id
            WHERE c.fn_id = $1 AND ($2 = '' OR c.id < $2) AND ($3::timestamptz IS NULL OR c.created_at > $3) AND ($4::timestamptz IS NULL OR c.created_at < $4)
              AND ($5::text IS NULL OR c.status = $5)
            ORDER BY c.id DESC LIMIT $6
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fnId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = before });
        command.Parameters.Add(new() { NpgsqlDbType = NpgsqlDbType.TimestampTz, Value = (object?)from?.ToUniversalTime() ?? DBNull.Value });
        command.Parameters.Add(new() { NpgsqlDbType = NpgsqlDbType.TimestampTz, Value = (object?)to?.ToUniversalTime() ?? DBNull.Value });
        command.Parameters.Add(new() { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)status ?? DBNull.Value });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        var calls = new List<Call>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            calls.Add(Read(reader));
        return calls;
    }

    /// <summary>What the function wrote during a call; null when there is nothing (any more).</summary>
    public async Task<byte[]?> ReadLogAsync(string fnId, string id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT l.log FROM call c LEFT JOIN call_log l ON l.call_id = c.id WHERE c.id = $1 AND c.fn_id = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fnId });
        return await command.ExecuteScalarAsync(cancellationToken) as byte[];
    }

    private static Call Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetString(0),
        FnId = row.GetString(1),
        Status = row.GetString(2),
        Type = row.GetString(3),
        Priority = row.GetInt16(4),
        Delay = row.GetInt32(5),
        DueAt = Time(row, 6),
        Attempt = row.GetInt32(7),
        MaxRetries = row.GetInt16(8),
        RetryDelay = row.GetInt32(9),
        RetryOf = Text(row, 10),
        RetryAt = Text(row, 11),
        TriggerId = row.GetString(12),
        Url = row.GetString(13),
        Method = row.GetString(14),
        Headers = row.GetString(15),
        CallbackUrl = Text(row, 16),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(17),
        QueuedAt = Time(row, 18),
        StartedAt = Time(row, 19),
        CompletedAt = Time(row, 20),
        ExecutionDuration = row.IsDBNull(21) ? null : row.GetInt64(21),
        Reason = Text(row, 22),
        Error = Text(row, 23),
        Stats = Text(row, 24),
        ResultStatus = row.IsDBNull(25) ? null : row.GetInt16(25),
        ResultHeaders = Text(row, 26),
        TraceId = Text(row, 27),
        Spec = FnSpec.FromJson(row.GetString(28)),
    };

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
