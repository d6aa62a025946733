using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>A token as it is listed: without the secret, which nobody has but its holder.</summary>
public sealed record AuthToken(string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt);

/// <summary>
/// Makes, checks and removes tokens (seed: <c>CreateAuthToken</c>, <c>VerifyAuthToken</c>, <c>ListAuthTokens</c>,
/// <c>DeleteAuthToken</c>). A token is 32 random bytes, shown once as base64url; stored is their SHA-256.
/// </summary>
public sealed class AuthTokens(NpgsqlDataSource source)
{
    private const int Bytes = 32;

    // Noting every use would be a write per request; a minute is exact enough.
    private const string Find = """
        SELECT name, scopes, created_at, last_used_at, coalesce(last_used_at < now() - interval '1 minute', true)
        FROM auth_token WHERE token_hash = $1
        """;

    /// <summary>Makes a token and gives its secret; null when the name is taken.</summary>
    public async Task<string?> CreateAsync(
        DurableTransaction transaction, string name, IReadOnlyCollection<string> scopes, string actor, CancellationToken cancellationToken)
    {
        var secret = RandomNumberGenerator.GetBytes(Bytes);
        var created = await transaction.ExecuteAsync(
            "INSERT INTO auth_token (name, token_hash, scopes) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
            cancellationToken, name, SHA256.HashData(secret), scopes.ToArray());
        if (created == 0)
            return null;
        Record(transaction, name, "created", string.Join(' ', scopes), actor);
        return Base64Url.EncodeToString(secret);
    }

    /// <summary>The token with this secret, or null. Notes that it was used.</summary>
    public async Task<AuthToken?> VerifyAsync(string secret, CancellationToken cancellationToken)
    {
        if (HashOf(secret) is not { } hash)
            return null;
        await using var find = source.CreateCommand(Find);
        find.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash });
        AuthToken token;
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
                return null;
            token = Read(reader);
            if (!reader.GetBoolean(4))
                return token;
        }

        await using var use = source.CreateCommand(
            "UPDATE auth_token SET last_used_at = now() WHERE token_hash = $1 AND coalesce(last_used_at < now() - interval '1 minute', true)");
        use.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash });
        await use.ExecuteNonQueryAsync(cancellationToken);
        return token;
    }

    /// <summary>All tokens, by name.</summary>
    public async Task<IReadOnlyList<AuthToken>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT name, scopes, created_at, last_used_at FROM auth_token ORDER BY name");
        var tokens = new List<AuthToken>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            tokens.Add(Read(reader));
        return tokens;
    }

    /// <summary>Removes a token. False when there is none; that is no error.</summary>
    public async Task<bool> DeleteAsync(DurableTransaction transaction, string name, string actor, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync("DELETE FROM auth_token WHERE name = $1", cancellationToken, name) == 0)
            return false;
        Record(transaction, name, "deleted", null, actor);
        return true;
    }

    // Only the one spelling that was shown counts: base64url has several for the same bytes.
    private static byte[]? HashOf(string secret)
    {
        var bytes = new byte[Bytes];
        return secret.Length == Base64Url.GetEncodedLength(Bytes)
            && Base64Url.DecodeFromChars(secret, bytes, out _, out var written) is OperationStatus.Done && written == Bytes
            && string.Equals(Base64Url.EncodeToString(bytes), secret, StringComparison.Ordinal)
                ? SHA256.HashData(bytes)
                : null;
    }

    private static AuthToken Read(NpgsqlDataReader reader) => new(
        reader.GetString(0),
        reader.GetFieldValue<string[]>(1),
        reader.GetFieldValue<DateTimeOffset>(2),
        reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3));

    private static void Record(DurableTransaction transaction, string name, string what, string? reason, string actor) =>
        transaction.Record(new ResourceEvent
        {
            Kind = "token",
            Key = name,
            What = what,
            ToState = what,
            Reason = reason,
            Actor = actor,
            TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString(),
        });
}
