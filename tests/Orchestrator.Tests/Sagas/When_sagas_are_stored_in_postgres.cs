using MassTransit;
using Orchestrator.Sagas.Persistence.SagaStorage;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Sagas;

public sealed class When_sagas_are_stored_in_postgres(Servers servers) : SagaStorageConformance(servers)
{
    protected override void Use(ISagaRegistrationConfigurator<Order> saga) => saga.UsePostgres<Order, OrderContext>("test-order");
}
