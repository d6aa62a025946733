using MassTransit;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Tests.Sagas;

public sealed class When_sagas_are_stored_in_postgres(SagaStand stand) : SagaStorageConformance(stand), IClassFixture<SagaStand>
{
    protected override void Use(ISagaRegistrationConfigurator<Order> saga) => saga.UsePostgres<Order, OrderContext>("test-order");
}
