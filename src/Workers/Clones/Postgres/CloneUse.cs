using Npgsql;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>Reads whether anybody uses a clone, from its statistics.</summary>
internal static class CloneUse
{
    // What autovacuum commits is no use of the clone: only what clients' sessions did counts.
    private const string Activity = """
        SELECT max(state_change) FILTER (WHERE usename IS DISTINCT FROM 'orchestrator_clones'),
            count(*) FILTER (WHERE usename IS DISTINCT FROM 'orchestrator_clones' AND state <> 'idle')::int
        FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        """;

    private const string Sessions = "SELECT coalesce(sum(sessions + floor(active_time)), 0)::bigint FROM pg_stat_database WHERE datname <> 'template1'";

    // Before 14 sessions are not counted.
    private const string Transactions = "SELECT coalesce(sum(xact_commit + xact_rollback), 0)::bigint FROM pg_stat_database WHERE datname <> 'template1'";

    /// <summary>Null when Postgres does not answer now.</summary>
    public static async Task<CloneActivity?> ReadAsync(string sockets, int port, string database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await OpenAsync(sockets, port, database, cancellationToken);
            var version = (string)(await connection.QueryAsync("SELECT current_setting('server_version_num')", cancellationToken))[0][0]!;
            var now = (await connection.QueryAsync(Activity, cancellationToken))[0];
            var use = (await connection.QueryAsync(string.CompareOrdinal(version, "140000") >= 0 ? Sessions : Transactions, cancellationToken))[0];
            return new CloneActivity(now[0] is DateTime at ? new DateTimeOffset(at, TimeSpan.Zero) : null, (int)now[1]!, (long)use[0]!);
        }
        catch (Exception exception) when (exception is NpgsqlException or IOException)
        {
            return null;
        }
    }

    /// <summary>Through template1, which is not counted, so that looking at a clone is no use of it.</summary>
    private static async Task<AdminConnection> OpenAsync(string sockets, int port, string database, CancellationToken cancellationToken)
    {
        try
        {
            return await AdminConnection.OpenAsync(sockets, port, "template1", cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InvalidCatalogName)
        {
            return await AdminConnection.OpenAsync(sockets, port, database, cancellationToken);
        }
    }
}
