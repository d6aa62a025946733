using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>The clock that leases and due times are compared on.</summary>
public static class DatabaseClock
{
    public static async Task<DateTimeOffset> NowAsync(DurableTransaction transaction, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT database_now()"));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetFieldValue<DateTimeOffset>(0);
    }
}
