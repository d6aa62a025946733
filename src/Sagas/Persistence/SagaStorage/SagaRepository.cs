using MassTransit;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>The sagas as one message sees them. What it changes is written once, when the message has been handled.</summary>
public sealed class SagaRepository<TSaga, TDb, T>(
    DurableConsumeContext<T> context, TDb db, DurableTransaction transaction, SagaName<TSaga> name, Guid? locked)
    : ConsumeContextScope<T>(context), SagaRepositoryContext<TSaga, T>
    where TSaga : class, ISaga
    where TDb : DbContext
    where T : class
{
    private static readonly Func<TDb, Guid, Task<TSaga?>> LoadById = EF.CompileAsyncQuery(
        (TDb context, Guid id) => context.Set<TSaga>().SingleOrDefault(saga => saga.CorrelationId == id));

    private readonly SagaConsumeContextFactory<TDb, TSaga> _factory = new();
    private readonly HashSet<Guid> _locked = locked is { } id ? [id] : [];

    /// <summary>Ids of the sagas that match, in order.</summary>
    public async Task<List<Guid>> FindAsync(ISagaQuery<TSaga> query) =>
        await db.Set<TSaga>().AsNoTracking().Where(query.FilterExpression)
            .Select(saga => saga.CorrelationId).OrderBy(id => id).ToListAsync(CancellationToken);

    /// <summary>Takes the lock of a saga, unless this message has it.</summary>
    public async Task LockAsync(Guid id)
    {
        if (!_locked.Add(id))
            return;
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(SagaLock.Take(name.Value, id));
        await batch.ExecuteNonQueryAsync(CancellationToken);
    }

    public async Task<SagaConsumeContext<TSaga, T>> Load(Guid correlationId)
    {
        await LockAsync(correlationId);
        var saga = await LoadById(db, correlationId);
        return saga is null ? null! : await CreateSagaConsumeContext(context, saga, SagaConsumeContextMode.Load);
    }

    /// <summary>Begins a saga unless it exists: null when it does.</summary>
    public async Task<SagaConsumeContext<TSaga, T>> Insert(TSaga instance)
    {
        await LockAsync(instance.CorrelationId);
        if (await db.Set<TSaga>().AsNoTracking().AnyAsync(s => s.CorrelationId == instance.CorrelationId, CancellationToken))
            return null!;
        db.Add(instance);
        return await CreateSagaConsumeContext(context, instance, SagaConsumeContextMode.Insert);
    }

    public Task<SagaConsumeContext<TSaga, T>> Add(TSaga instance)
    {
        db.Add(instance);
        return CreateSagaConsumeContext(context, instance, SagaConsumeContextMode.Add);
    }

    public Task Save(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Update(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Delete(SagaConsumeContext<TSaga> context)
    {
        db.Remove(context.Saga);
        return Task.CompletedTask;
    }

    public Task Discard(SagaConsumeContext<TSaga> context)
    {
        db.Entry(context.Saga).State = EntityState.Detached;
        return Task.CompletedTask;
    }

    public Task Undo(SagaConsumeContext<TSaga> context)
    {
        db.Entry(context.Saga).State = EntityState.Detached;
        return Task.CompletedTask;
    }

    public Task<SagaConsumeContext<TSaga, TOther>> CreateSagaConsumeContext<TOther>(
        ConsumeContext<TOther> consumeContext, TSaga instance, SagaConsumeContextMode mode)
        where TOther : class =>
        _factory.CreateSagaConsumeContext(db, consumeContext, instance, mode);
}
