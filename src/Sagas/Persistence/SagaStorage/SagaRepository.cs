using MassTransit;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>The sagas as one message sees them. What it changes is written once, when the message has been handled.</summary>
internal sealed class SagaRepository<TSaga, TDb, T>(
    DurableConsumeContext<T> context, TDb db, DurableTransaction transaction, SagaName<TSaga> name, SagaRow<TSaga> row)
    : ConsumeContextScope<T>(context), SagaRepositoryContext<TSaga, T>
    where TSaga : class, ISaga
    where TDb : DbContext
    where T : class
{
    private readonly SagaConsumeContextFactory<TDb, TSaga> _factory = new();
    private readonly HashSet<Guid> _locked = [];
    private readonly List<SagaInstance<TSaga>> _instances = [];
    private (Guid Id, SagaInstance<TSaga>? Saga)? _read;

    /// <summary>Tells what was locked and read with the first statements.</summary>
    public void Expect(Guid id, SagaInstance<TSaga>? saga)
    {
        _locked.Add(id);
        _read = (id, saga);
    }

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
        if (await ReadAsync(correlationId) is not { } found)
            return null!;
        _instances.Add(found);
        return await CreateSagaConsumeContext(context, found.Saga, SagaConsumeContextMode.Load);
    }

    /// <summary>Begins a saga unless it exists: null when it does.</summary>
    public async Task<SagaConsumeContext<TSaga, T>> Insert(TSaga instance) =>
        await ReadAsync(instance.CorrelationId) is null ? await BeginAsync(instance, SagaConsumeContextMode.Insert) : null!;

    public Task<SagaConsumeContext<TSaga, T>> Add(TSaga instance) => BeginAsync(instance, SagaConsumeContextMode.Add);

    public Task Save(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Update(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Delete(SagaConsumeContext<TSaga> context)
    {
        foreach (var instance in _instances.Where(instance => instance.Saga == context.Saga))
            instance.IsDeleted = true;
        return Task.CompletedTask;
    }

    public Task Discard(SagaConsumeContext<TSaga> context) => Forget(context);

    public Task Undo(SagaConsumeContext<TSaga> context) => Forget(context);

    public Task<SagaConsumeContext<TSaga, TOther>> CreateSagaConsumeContext<TOther>(
        ConsumeContext<TOther> consumeContext, TSaga instance, SagaConsumeContextMode mode)
        where TOther : class =>
        _factory.CreateSagaConsumeContext(db, consumeContext, instance, mode);

    /// <summary>What is to be written.</summary>
    public IEnumerable<NpgsqlBatchCommand> Writes() => _instances.Select(row.Write).OfType<NpgsqlBatchCommand>();

    // Under the lock, in a statement of its own: it sees what was committed before the lock was granted.
    private async Task<SagaInstance<TSaga>?> ReadAsync(Guid id)
    {
        if (_read is { } read && read.Id == id)
            return read.Saga;
        await using var batch = transaction.CreateBatch();
        var isLocking = _locked.Add(id);
        if (isLocking)
            batch.BatchCommands.Add(SagaLock.Take(name.Value, id));
        batch.BatchCommands.Add(row.Select(id));
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken);
        if (isLocking)
            await reader.NextResultAsync(CancellationToken);
        return await reader.ReadAsync(CancellationToken) ? row.Read(reader) : null;
    }

    private Task<SagaConsumeContext<TSaga, T>> BeginAsync(TSaga instance, SagaConsumeContextMode mode)
    {
        _instances.Add(new SagaInstance<TSaga>(instance));
        return CreateSagaConsumeContext(context, instance, mode);
    }

    private Task Forget(SagaConsumeContext<TSaga> context)
    {
        _instances.RemoveAll(instance => instance.Saga == context.Saga);
        return Task.CompletedTask;
    }
}
