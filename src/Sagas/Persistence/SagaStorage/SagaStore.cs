using System.Diagnostics;
using MassTransit;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// Handles one message to sagas in one transaction: inbox row, lock, state, the messages it causes, timeline, commit.
/// The lock is an advisory one by name and id of the saga: it covers instances that do not exist yet, so that two
/// first messages of one saga wait for each other instead of failing.
/// </summary>
public sealed class SagaStore<TSaga, TDb>(
    DurableTransactions transactions, SagaDbContexts<TDb> contexts, SagaName<TSaga> name, JoinedTransaction joined,
    IServiceProvider services, OrchestratorMetrics metrics, TimeProvider time)
    : ISagaRepositoryContextFactory<TSaga>
    where TSaga : class, ISaga
    where TDb : DbContext
{
    private const string Entering = """
        WITH entered AS (INSERT INTO inbox (message_id, consumer) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING message_id)

        """;

    public void Probe(ProbeContext context) => context.Add("persistence", "postgres");

    /// <inheritdoc/>
    /// <exception cref="SagaConflictException">Another writer was faster; nothing was committed.</exception>
    /// <exception cref="NpgsqlException">The database is away; nothing was committed, or the inbox knows.</exception>
    public Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TSaga, T>> next)
        where T : class =>
        HandleAsync(context, context.CorrelationId, next.Send);

    /// <inheritdoc/>
    /// <remarks>
    /// The sagas that match are locked in the order of their ids, so that two such messages cannot wait for each other,
    /// and looked for again under the locks. A message that finds none and begins a saga relies on a unique index.
    /// </remarks>
    /// <exception cref="SagaConflictException">Another writer was faster; nothing was committed.</exception>
    /// <exception cref="NpgsqlException">The database is away; nothing was committed, or the inbox knows.</exception>
    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TSaga> query, IPipe<SagaRepositoryQueryContext<TSaga, T>> next)
        where T : class =>
        HandleAsync(context, lockedAtOnce: null, async repository =>
        {
            var found = await repository.FindAsync(query);
            if (found.Count > 0)
            {
                foreach (var id in found)
                    await repository.LockAsync(id);
                found = await repository.FindAsync(query);
            }

            await next.Send(new DefaultSagaRepositoryQueryContext<TSaga, T>(repository, found));
        });

    private async Task HandleAsync<T>(ConsumeContext<T> context, Guid? lockedAtOnce, Func<SagaRepository<TSaga, TDb, T>, Task> handle)
        where T : class
    {
        if (joined.Transaction is { } outer)
        {
            await HandleAsync(outer, context, locked: null, handle);
            return;
        }

        var clock = Stopwatch.GetTimestamp();
        await using var transaction = await transactions.BeginAsync(context.CancellationToken);
        if (!await EnterAsync(transaction, context, lockedAtOnce))
        {
            metrics.Duplicates(name.Value, 1);
            await context.NotifyConsumed(context, Stopwatch.GetElapsedTime(clock), name.Value);
            return;
        }

        await HandleAsync(transaction, context, lockedAtOnce, handle);
        await transaction.CommitAsync(context.CancellationToken);
    }

    private async Task HandleAsync<T>(
        DurableTransaction transaction, ConsumeContext<T> context, Guid? locked, Func<SagaRepository<TSaga, TDb, T>, Task> handle)
        where T : class
    {
        await using var db = contexts.Within(transaction);
        var durable = new DurableConsumeContext<T>(context, services, transaction, time);
        await handle(new SagaRepository<TSaga, TDb, T>(durable, db, transaction, name, locked));
        try
        {
            if (db.ChangeTracker.HasChanges())
                await db.SaveChangesAsync(context.CancellationToken);
        }
        catch (DbUpdateException exception) when (IsConflict(exception))
        {
            throw new SagaConflictException(name.Value, exception);
        }
    }

    private static bool IsConflict(DbUpdateException exception) =>
        exception is DbUpdateConcurrencyException
        || exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    // One round trip: BEGIN, the inbox row, and the lock when the message names its saga.
    private async Task<bool> EnterAsync(DurableTransaction transaction, ConsumeContext context, Guid? lockedAtOnce)
    {
        await using var batch = transaction.CreateBatch();
        switch (context.MessageId, lockedAtOnce)
        {
            case ({ } messageId, { } id):
                batch.BatchCommands.Add(Sql.Command(Entering + "SELECT count(*) = 1, " + SagaLock.Taking("$3") + " FROM entered", messageId, name.Value, SagaLock.Of(name.Value, id)));
                break;
            case ({ } messageId, null):
                batch.BatchCommands.Add(Sql.Command(Entering + "SELECT count(*) = 1 FROM entered", messageId, name.Value));
                break;
            case (null, { } id):
                batch.BatchCommands.Add(SagaLock.Take(name.Value, id));
                break;
        }

        return await batch.ExecuteScalarAsync(context.CancellationToken) is not false;
    }
}
