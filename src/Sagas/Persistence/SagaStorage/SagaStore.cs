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
internal sealed class SagaStore<TSaga, TDb>(
    DurableTransactions transactions, SagaDbContexts<TDb> contexts, SagaName<TSaga> name, SagaRow<TSaga> row, JoinedTransaction joined,
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
            await HandleAsync(outer, context, handle);
            return;
        }

        var clock = Stopwatch.GetTimestamp();
        await using var transaction = await transactions.BeginAsync(context.CancellationToken);
        var (isNew, found) = await EnterAsync(transaction, context, lockedAtOnce);
        if (!isNew)
        {
            metrics.Duplicates(name.Value, 1);
            await context.NotifyConsumed(context, Stopwatch.GetElapsedTime(clock), name.Value);
            return;
        }

        await using var db = contexts.Within(transaction);
        var repository = Repository(transaction, context, db);
        if (lockedAtOnce is { } id)
            repository.Expect(id, found);
        await handle(repository);
        foreach (var write in repository.Writes())
            transaction.ExecuteWithCommit(write);
        await TranslatingAsync(() => transaction.CommitAsync(context.CancellationToken));
    }

    // The sender's own statements may come after, and must see what these have written.
    private async Task HandleAsync<T>(DurableTransaction transaction, ConsumeContext<T> context, Func<SagaRepository<TSaga, TDb, T>, Task> handle)
        where T : class
    {
        await using var db = contexts.Within(transaction);
        var repository = Repository(transaction, context, db);
        await handle(repository);
        await using var batch = transaction.CreateBatch();
        foreach (var write in repository.Writes())
            batch.BatchCommands.Add(write);
        if (batch.BatchCommands.Count > 0)
            await TranslatingAsync(() => batch.ExecuteNonQueryAsync(context.CancellationToken));
    }

    private SagaRepository<TSaga, TDb, T> Repository<T>(DurableTransaction transaction, ConsumeContext<T> context, TDb db)
        where T : class =>
        new(new DurableConsumeContext<T>(context, services, transaction, time), db, transaction, name, row);

    private async Task TranslatingAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (PostgresException exception) when (exception.SqlState is SagaRow<TSaga>.NotWritten)
        {
            throw SagaConflictException.OfWriter(name.Value, exception);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UniqueViolation && exception.TableName == row.Table)
        {
            throw SagaConflictException.OfKey(name.Value, exception.ConstraintName, exception);
        }
    }

    // One round trip: BEGIN, the inbox row, and when the message names its saga the lock and the row.
    private async Task<(bool IsNew, SagaInstance<TSaga>? Found)> EnterAsync(DurableTransaction transaction, ConsumeContext context, Guid? lockedAtOnce)
    {
        await using var batch = transaction.CreateBatch();
        var isNamed = context.MessageId is not null;
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

        // In a statement of its own: it sees what was committed before the lock was granted.
        if (lockedAtOnce is { } read)
            batch.BatchCommands.Add(row.Select(read));
        await using var reader = await batch.ExecuteReaderAsync(context.CancellationToken);
        if (isNamed && await reader.ReadAsync(context.CancellationToken) && !reader.GetBoolean(0))
            return (false, null);
        if (lockedAtOnce is null)
            return (true, null);
        await reader.NextResultAsync(context.CancellationToken);
        return (true, await reader.ReadAsync(context.CancellationToken) ? row.Read(reader) : null);
    }
}
