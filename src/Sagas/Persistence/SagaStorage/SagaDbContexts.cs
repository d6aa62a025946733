using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>Makes contexts for what single messages look for and for reads, and uses them again and again.</summary>
public sealed class SagaDbContexts<TDb>(NpgsqlDataSource source)
    where TDb : DbContext
{
    private readonly PooledDbContextFactory<TDb> _writing = new(new DbContextOptionsBuilder<TDb>().UseNpgsql().Options);

    private readonly PooledDbContextFactory<TDb> _reading = new(new DbContextOptionsBuilder<TDb>()
        .UseNpgsql(source).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);

    /// <summary>A context whose statements belong to a transaction; it never begins or ends one itself.</summary>
    public TDb Within(DurableTransaction transaction)
    {
        var context = _writing.CreateDbContext();
        // In place of that of the message before.
        context.Database.SetDbConnection(transaction.Connection);
        context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
        return context;
    }

    /// <summary>A context that reads what is committed and tracks nothing.</summary>
    public TDb Reading() => _reading.CreateDbContext();

    /// <summary>The row that a saga type is mapped to.</summary>
    /// <exception cref="NotSupportedException">The mapping has more than the columns of one table.</exception>
    internal SagaRow<TSaga> RowOf<TSaga>()
        where TSaga : class, MassTransit.ISaga
    {
        using var context = _writing.CreateDbContext();
        return new SagaRow<TSaga>(context.Model.FindEntityType(typeof(TSaga))!);
    }
}
