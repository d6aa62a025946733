using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Orchestrator.Sagas.Persistence;

/// <summary>What is done to the database as a whole: migrate, empty, drop.</summary>
public sealed class DatabaseDuties(
    IDbContextFactory<OrchestratorDbContext> contexts, NpgsqlDataSource source, IConfiguration configuration, ILogger<DatabaseDuties> logger)
{
    /// <summary>Name of the database.</summary>
    public string Database => DataSources.ConnectionString(configuration).Database ?? "";

    /// <summary>Brings the schema up to date. Several processes may do so at once: one does it, the others wait.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.MigrateAsync(cancellationToken);
        logger.LogInformation("Database {Database} is up to date", Database);
    }

    /// <summary>Removes every row of every table of ours; the schema stays.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
            WHERE schemaname = current_schema() AND tablename <> '__EFMigrationsHistory'
            """);
        if (await command.ExecuteScalarAsync(cancellationToken) is not string tables)
            return;
        await using var truncate = source.CreateCommand($"TRUNCATE {tables} RESTART IDENTITY");
        await truncate.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops the database.</summary>
    public async Task DropAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.EnsureDeletedAsync(cancellationToken);
    }
}
