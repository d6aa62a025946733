using Npgsql;

namespace Orchestrator.Local.Servers;

/// <summary>A Postgres that may create databases: our own (<see cref="PrivatePostgres"/>) or one that the user named.</summary>
public class PostgresServer : IAsyncDisposable
{
    /// <param name="connectionString">Npgsql keywords of a user who may create databases.</param>
    public PostgresServer(string connectionString) => Connection = connectionString;

    /// <summary>For servers that know their address only once they are started.</summary>
    protected PostgresServer()
    {
    }

    protected string? Connection { get; set; }

    /// <summary>The connection string of one database, in Npgsql's keywords.</summary>
    public string ConnectionString(string database) => Builder(database).ConnectionString;

    /// <summary>The same as a libpq URI, for psql and other tools.</summary>
    public string Uri(string database)
    {
        var builder = Builder(database);
        var credentials = $"{Escape(builder.Username)}:{Escape(builder.Password)}";
        return $"postgresql://{credentials}@{builder.Host}:{builder.Port}/{Escape(database)}";
    }

    public Task CreateDatabaseAsync(string name, CancellationToken cancellationToken = default) =>
        ExecuteAsync($"CREATE DATABASE {Quote(name)}", cancellationToken);

    /// <summary>Drops a database, ending the connections to it; nothing happens when it does not exist.</summary>
    public Task DropDatabaseAsync(string name, CancellationToken cancellationToken = default) =>
        ExecuteAsync($"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)", cancellationToken);

    public async Task<bool> DatabaseExistsAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await OpenAdminAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", connection) { Parameters = { new() { Value = name } } };
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAdminAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Escape(string? text) => System.Uri.EscapeDataString(text ?? "");

    private static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private NpgsqlConnectionStringBuilder Builder(string database) =>
        new(Connection ?? throw new InvalidOperationException("the server is not started")) { Database = database };

    private async Task<NpgsqlConnection> OpenAdminAsync(CancellationToken cancellationToken)
    {
        // Unpooled: a pooled connection would outlive a restart of the server.
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString("postgres")) { Pooling = false }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
