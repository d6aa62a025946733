using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>Makes contexts for single messages and reads.</summary>
public sealed class SagaDbContexts<TDb>(IServiceProvider services, NpgsqlDataSource source)
    where TDb : DbContext
{
    private readonly ObjectFactory<TDb> _create = ActivatorUtilities.CreateFactory<TDb>([typeof(DbContextOptions<TDb>)]);

    private readonly DbContextOptions<TDb> _reading = new DbContextOptionsBuilder<TDb>()
        .UseNpgsql(source).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;

    /// <summary>A context whose statements belong to a transaction; it never begins or ends one itself.</summary>
    public TDb Within(DurableTransaction transaction)
    {
        var context = _create(services, [new DbContextOptionsBuilder<TDb>().UseNpgsql(transaction.Connection).Options]);
        context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
        return context;
    }

    /// <summary>A context that reads what is committed and tracks nothing.</summary>
    public TDb Reading() => _create(services, [_reading]);
}
