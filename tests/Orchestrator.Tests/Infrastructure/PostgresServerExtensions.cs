using Npgsql;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Infrastructure;

public static class PostgresServerExtensions
{
    /// <summary>Runs a statement in the maintenance database.</summary>
    public static async Task ExecuteAsync(this PostgresServer server, string sql)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres")) { Pooling = false };
        await using var connection = new NpgsqlConnection(connectionString.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
