using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Messaging;

public sealed class When_a_subscriber_binds_early(Servers servers)
{
    [Fact]
    public async Task Should_find_every_exchange_as_soon_as_a_host_is_ready()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var api = await Host.StartApiAsync(place);

        await using var broker = await new ConnectionFactory { Uri = place.Amqp }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var exchange in ExchangeNames.OfContracts)
        {
            await using var channel = await broker.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
            await channel.ExchangeDeclarePassiveAsync(exchange, TestContext.Current.CancellationToken);
        }

        Assert.NotEmpty(ExchangeNames.OfContracts);
    }
}
