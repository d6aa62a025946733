using Npgsql;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Sagas.Persistence;

/// <summary>Opens transactions whose state and messages commit together.</summary>
public sealed class DurableTransactions(NpgsqlDataSource source, OutboxOwner owner, OutboxRelay relay, DueTimers timers, TimeProvider time)
{
    /// <summary>
    /// A transaction at READ COMMITTED. Nothing is sent to the server before its first statement.
    /// </summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public async Task<DurableTransaction> BeginAsync(CancellationToken cancellationToken) =>
        new(await source.OpenConnectionAsync(cancellationToken), owner.Id, relay, timers, time);
}
