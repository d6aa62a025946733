using System.Text.Json;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Persistence.Idempotency;

/// <summary>One use of an idempotency key: keys of other tokens, methods and paths are other keys.</summary>
/// <param name="Token">Which token, not only its name: the name may be given to another one within the 24 hours.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path without the query.</param>
/// <param name="Key">What the client sent.</param>
/// <param name="RequestHash">SHA-256 of query and body.</param>
public sealed record IdempotentRequest(string Token, string Method, string Path, string Key, byte[] RequestHash);

/// <summary>An answer as it is kept for repeats.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Headers">Headers such as <c>Location</c>, by name.</param>
/// <param name="Body">Empty where the answer held a secret.</param>
/// <param name="IsSecret">True when the answer held a secret, and was not kept.</param>
public sealed record StoredAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body, bool IsSecret);

/// <summary>What is known about an idempotency key.</summary>
public enum IdempotencyState
{
    /// <summary>Nothing: the request may go on, and holds the key until its transaction ends.</summary>
    New,

    /// <summary>A request with this key has not ended yet.</summary>
    InFlight,

    /// <summary>The key came with another request.</summary>
    Reused,

    /// <summary>The same request was answered before.</summary>
    Answered,
}

/// <summary>
/// The statements on table <c>idempotency_key</c>. An answer commits with the effect that it tells of; while it is not
/// there the advisory lock of the transaction says that the request is in flight, and no crash leaves that behind.
/// </summary>
public static class IdempotencyTable
{
    private static readonly string Lock = $"SELECT pg_try_advisory_xact_lock({AdvisoryLocks.IdempotencyKey}, hashtext($1))";

    /// <summary>Takes the key for the transaction and looks for an answer of the last 24 hours.</summary>
    public static async Task<(IdempotencyState State, StoredAnswer? Answer)> EnterAsync(
        DurableTransaction transaction, IdempotentRequest request, CancellationToken cancellationToken)
    {
        await using (var entry = transaction.CreateBatch())
        {
            entry.BatchCommands.Add(Sql.Command(Lock, string.Join('\n', request.Token, request.Method, request.Path, request.Key)));
            if (await entry.ExecuteScalarAsync(cancellationToken) is not true)
                return (IdempotencyState.InFlight, null);
        }

        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            """
            SELECT request_hash = $5, status, headers::text, body, is_secret FROM idempotency_key
            WHERE token = $1 AND method = $2 AND path = $3 AND key = $4 AND created_at > now() - interval '24 hours'
            """,
            request.Token, request.Method, request.Path, request.Key, request.RequestHash));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return (IdempotencyState.New, null);
        if (!reader.GetBoolean(0))
            return (IdempotencyState.Reused, null);
        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(2))!;
        return (IdempotencyState.Answered,
            new StoredAnswer(reader.GetInt32(1), headers, reader.GetFieldValue<byte[]>(3), reader.GetBoolean(4)));
    }

    /// <summary>Keeps the answer with the commit.</summary>
    public static void Store(DurableTransaction transaction, IdempotentRequest request, StoredAnswer answer) =>
        transaction.ExecuteWithCommit(Sql.Command(
            """
            INSERT INTO idempotency_key AS k (token, method, path, key, request_hash, is_secret, status, headers, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (token, method, path, key) DO UPDATE SET
                request_hash = excluded.request_hash, is_secret = excluded.is_secret, status = excluded.status,
                headers = excluded.headers, body = excluded.body, created_at = now()
            WHERE k.created_at <= now() - interval '24 hours'
            """,
            request.Token, request.Method, request.Path, request.Key, request.RequestHash, answer.IsSecret, answer.Status,
            Sql.Typed(NpgsqlDbType.Jsonb, JsonSerializer.Serialize(answer.Headers)), answer.Body));
}
