using Npgsql;

namespace Orchestrator.Sagas.Duties;

/// <summary>
/// Vacuums the tables whose rows live for moments. At full speed they collect ten thousand dead rows a second, and
/// autovacuum, which comes once a minute, would leave every sweep of the outbox, every look for timers and every read of the pressure to step
/// over them all.
/// </summary>
public sealed class VacuumQueues(NpgsqlDataSource source) : IDuty
{
    private const string Bloated = """
        SELECT relname FROM pg_stat_user_tables
        WHERE schemaname = current_schema() AND relname IN ('outbox', 'pressure_delta', 'timer') AND n_dead_tup > 5000
        """;

    public string Name => "vacuum-queues";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var table in await BloatedAsync(cancellationToken))
        {
            await using var vacuum = source.CreateCommand($"VACUUM (SKIP_LOCKED) {table}");
            await vacuum.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task<List<string>> BloatedAsync(CancellationToken cancellationToken)
    {
        var tables = new List<string>();
        await using var command = source.CreateCommand(Bloated);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            tables.Add(reader.GetString(0));
        return tables;
    }
}
