using MassTransit;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>Keeps the sagas of a state machine in Postgres.</summary>
public static class SagaStoreRegistration
{
    /// <summary>
    /// Stores a saga type, one row an instance. A message, the state it leads to and the messages that this causes
    /// commit together; a repeated message does nothing.
    /// </summary>
    /// <typeparam name="TSaga">The saga's state, mapped by <see cref="MapSaga"/>.</typeparam>
    /// <typeparam name="TDb">The context that maps it, with a constructor that takes its options.</typeparam>
    /// <param name="saga">The registration of the state machine.</param>
    /// <param name="name"><inheritdoc cref="SagaName{TSaga}" path="/param"/></param>
    public static ISagaRegistrationConfigurator<TSaga> UsePostgres<TSaga, TDb>(
        this ISagaRegistrationConfigurator<TSaga> saga, string name)
        where TSaga : class, ISaga
        where TDb : DbContext =>
        saga.Repository(repository =>
        {
            repository.TryAddSingleton<SagaDbContexts<TDb>>();
            repository.TryAddScoped<JoinedTransaction>();
            repository.AddSingleton(new SagaName<TSaga>(name));
            repository.TryAddSingleton(provider => provider.GetRequiredService<SagaDbContexts<TDb>>().RowOf<TSaga>());
            repository.AddScoped<ISagaRepositoryContextFactory<TSaga>, SagaStore<TSaga, TDb>>();
            repository.AddScoped<ILoadSagaRepositoryContextFactory<TSaga>, SagaReader<TSaga, TDb>>();
            repository.AddScoped<IQuerySagaRepositoryContextFactory<TSaga>, SagaReader<TSaga, TDb>>();
        });

    /// <summary>
    /// Maps a saga to a table with the key <c>correlation_id</c>. The version that Postgres keeps of each row (xmin)
    /// guards against writers that do not take the saga's lock.
    /// </summary>
    public static EntityTypeBuilder<TSaga> MapSaga<TSaga>(this ModelBuilder model, string table)
        where TSaga : class, ISaga
    {
        var saga = model.Entity<TSaga>();
        saga.ToTable(table).HasKey(s => s.CorrelationId);
        saga.Property(s => s.CorrelationId).ValueGeneratedNever();
        saga.Property<uint>("xmin").IsRowVersion();
        return saga;
    }
}
