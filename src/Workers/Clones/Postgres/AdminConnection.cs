using System.Globalization;
using Npgsql;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>A connection as our own role through the socket of a clone.</summary>
internal sealed class AdminConnection : IAsyncDisposable
{
    private readonly int _directory;
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private AdminConnection(int directory, NpgsqlDataSource source, NpgsqlConnection connection) =>
        (_directory, _source, _connection) = (directory, source, connection);

    /// <param name="sockets">The directory of the socket.</param>
    /// <param name="port">The port in the socket's name.</param>
    /// <param name="database">The database to connect to.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NpgsqlException">Postgres does not answer, or the database is not there.</exception>
    public static async Task<AdminConnection> OpenAsync(string sockets, int port, string database, CancellationToken cancellationToken)
    {
        // The path of a socket may have 107 bytes; a storage directory may be deeper than that.
        var directory = SystemCalls.OpenDirectory(sockets);
        var builder = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder
        {
            Host = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory}"),
            Port = port,
            Username = PostgresFiles.AdminRole,
            Database = database,
            Pooling = false,
            Timeout = 30,
            CommandTimeout = 0,
            SslMode = SslMode.Disable,
            // Names resolve to the system's own objects, whatever the copied database holds; its triggers stay quiet.
            Options = "-c search_path=pg_catalog -c session_replication_role=replica -c standard_conforming_strings=on -c default_transaction_read_only=off -c row_security=off",
        }.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        var source = builder.Build();
        try
        {
            return new AdminConnection(directory, source, await source.OpenConnectionAsync(cancellationToken));
        }
        catch
        {
            await source.DisposeAsync();
            SystemCalls.Close(directory);
            throw;
        }
    }

    /// <summary>A string as a quoted identifier.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A string as a literal.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Create(sql, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The rows, each as its values.</summary>
    public async Task<IReadOnlyList<object?[]>> QueryAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Create(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
                row[i] = await reader.IsDBNullAsync(i, cancellationToken) ? null : reader.GetValue(i);
            rows.Add(row);
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _source.DisposeAsync();
        SystemCalls.Close(_directory);
    }

    private NpgsqlCommand Create(string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        return command;
    }
}
