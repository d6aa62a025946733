using Npgsql;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>The lock of one saga, held to the end of the transaction, whether or not the saga exists.</summary>
public static class SagaLock
{
    /// <summary>What is locked, for <see cref="Taking"/>.</summary>
    public static string Of(string name, Guid id) => $"{name}/{id}";

    /// <summary>The expression that takes it, given the parameter with <see cref="Of"/>.</summary>
    public static string Taking(string parameter) => $"pg_advisory_xact_lock(hashtextextended({parameter}, 0))";

    public static NpgsqlBatchCommand Take(string name, Guid id) => Sql.Command($"SELECT {Taking("$1")}", Of(name, id));
}
