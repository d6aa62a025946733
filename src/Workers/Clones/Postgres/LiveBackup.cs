using System.Globalization;
using Npgsql;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>Copies a running server by <c>pg_basebackup</c>.</summary>
internal sealed class LiveBackup(CloneStorage storage, TimeProvider time)
{
    // What values look like and compare like depends on them; the rest is the machine's.
    private static readonly string[] Kept =
        ["TimeZone", "DateStyle", "IntervalStyle", "lc_messages", "lc_monetary", "lc_numeric", "lc_time", "default_text_search_config", "search_path", "extra_float_digits"];

    /// <summary>Fills <c>data</c> of a directory.</summary>
    /// <exception cref="CloneFailedException">The source does not let us, has tablespaces, or is too large; nothing was copied in the last two cases.</exception>
    public async Task<GoldenSource> FillAsync(LiveSource source, string directory, CancellationToken cancellationToken)
    {
        var (version, size, settings) = await LookAsync(source, cancellationToken);
        var binaries = storage.BinariesFor(version);
        using var room = storage.Reserve(size + GoldenImage.Room);
        var data = GoldenImage.DataOf(directory);
        await storage.Providers.Chosen.CreateEmptyAsync(data, cancellationToken);
        storage.Sandbox.Own(data);
        var server = GoldenImage.ServerOf(storage, directory, binaries);
        server.WriteFiles([]);
        var result = await server.RunAsync(
            [binaries.Program("pg_basebackup"), "-D", server.PathOf(data), "-d", ConnectionText(source), "--wal-method=stream", "--checkpoint=fast", "--no-password", "--no-manifest", "--label=orchestrator"],
            cancellationToken, environment: new Dictionary<string, string>(StringComparer.Ordinal) { ["PGPASSWORD"] = source.Password, ["PGCONNECT_TIMEOUT"] = "30" });
        if (!result.Succeeded)
            throw new CloneFailedException(CloneFailure.SourceUnavailable, $"The backup of {source} failed: {result.LastLine}", "Its user needs REPLICATION, and pg_hba.conf must allow the database \"replication\".");
        return new GoldenSource(binaries, time.GetUtcNow(), settings);
    }

    private static async Task<(int Version, long Size, IReadOnlyDictionary<string, string> Settings)> LookAsync(LiveSource source, CancellationToken cancellationToken)
    {
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = source.Host,
            Port = source.Port,
            Username = source.User,
            Password = source.Password,
            Database = source.Database,
            SslMode = ModeOf(source.SslMode),
            Pooling = false,
            Timeout = 30,
            ApplicationName = "orchestrator",
        };
        try
        {
            await using var connection = new NpgsqlConnection(text.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            var tablespaces = await ScalarAsync<long>(connection, "SELECT count(*) FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')", cancellationToken);
            if (tablespaces > 0)
            {
                throw new CloneFailedException(
                    CloneFailure.HasTablespaces, $"{source} has {tablespaces} tablespaces, which all clones would share.", "Move its objects to pg_default and drop the tablespaces.");
            }

            var size = await ScalarAsync<long>(
                connection,
                "SELECT coalesce(sum(CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) ELSE 0 END), 0)::bigint FROM pg_catalog.pg_database",
                cancellationToken);
            var settings = new Dictionary<string, string>(StringComparer.Ordinal);
            await using var command = new NpgsqlCommand(
                "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY($1) AND source IN ('configuration file', 'command line')", connection);
            command.Parameters.Add(new() { Value = Kept });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                settings[reader.GetString(0)] = reader.GetString(1);
            return (connection.PostgreSqlVersion.Major, size, settings);
        }
        catch (Exception exception) when (exception is NpgsqlException or ArgumentException or TimeoutException or System.Net.Sockets.SocketException)
        {
            var reason = exception is PostgresException { MessageText: var message } ? message : exception.GetBaseException().Message;
            throw new CloneFailedException(CloneFailure.SourceUnavailable, $"{source} does not answer: {reason}", "Check host, port, user, password and sslmode.");
        }
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>libpq's keywords, quoted; never the password, which other users of the machine could read there.</summary>
    private static string ConnectionText(LiveSource source)
    {
        (string Name, string Value)[] pairs =
        [
            ("host", source.Host), ("port", source.Port.ToString(CultureInfo.InvariantCulture)), ("user", source.User),
            ("sslmode", source.SslMode), ("application_name", "orchestrator"),
        ];
        return string.Join(' ', pairs.Select(pair => $"{pair.Name}='{pair.Value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'"));
    }

    private static SslMode ModeOf(string mode) => mode switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw new CloneFailedException(CloneFailure.BadRequest, $"The sslmode {mode} is not known.", "Use disable, allow, prefer, require, verify-ca or verify-full."),
    };
}
