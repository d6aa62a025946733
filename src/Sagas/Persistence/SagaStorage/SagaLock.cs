using Npgsql;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>The lock of one saga, held to the end of the transaction, whether or not the saga exists.</summary>
public static class SagaLock
{
    public static NpgsqlBatchCommand Take(string name, Guid id) =>
        Sql.Command("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", $"{name}/{id}");
}
