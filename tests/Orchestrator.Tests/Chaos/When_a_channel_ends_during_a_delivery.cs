using System.Collections.Concurrent;
using MassTransit;
using MassTransit.RabbitMqTransport;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Chaos;

/// <summary>
/// A handler that ends just after its channel must not keep the other consumers of the connection from
/// learning that it is gone.
/// </summary>
[Collection(nameof(OwnServersCollection))]
public sealed class When_a_channel_ends_during_a_delivery(OwnServers servers)
{
    private static readonly string[] Queues = ["slow-one", "slow-two", "slow-three", "slow-four"];
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Should_consume_from_every_queue_again()
    {
        await using var place = await servers.CreatePlaceAsync();
        var work = new SlowWork();
        using var host = await StartAsync(place, work);
        await PublishAsync(place, count: 20);
        await Wait.UntilAsync(() => Task.FromResult(Queues.All(queue => work.Begun.GetValueOrDefault(queue) > 0)), "at work on every queue");

        // RabbitMQ 3.10 may never again elect a leader of a queue that it declared less than a second before its death.
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);

        await servers.RabbitMq.KillAsync();
        work.IsBrokerGone = true;
        await servers.RabbitMq.StartAsync(TestContext.Current.CancellationToken);

        // A queue that has no leader yet takes nothing.
        await Wait.UntilAsync(
            async () =>
            {
                await PublishAsync(place, count: 1, id: "after");
                return work.After.Count == Queues.Length;
            },
            "at work again on every queue",
            Bound);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<IHost> StartAsync(Place place, SlowWork work)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:RabbitMq", place.Amqp.AbsoluteUri)]);
        builder.Services.AddSingleton(NpgsqlDataSource.Create(place.ConnectionString));
        builder.Services.AddLogging();
        builder.Services.AddSingleton(work);
        builder.Services.AddOrchestratorBus(bus =>
        {
            AddQueue<One>(bus, Queues[0]);
            AddQueue<Two>(bus, Queues[1]);
            AddQueue<Three>(bus, Queues[2]);
            AddQueue<Four>(bus, Queues[3]);
        });
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    // More deliveries in the process than are handled at once: some have not begun when their channel closes.
    private static void AddQueue<TKind>(IBusRegistrationConfigurator bus, string queue) =>
        bus.AddConsumer<SlowConsumer<TKind>>().Endpoint(endpoint =>
        {
            endpoint.Name = queue;
            endpoint.PrefetchCount = 16;
            endpoint.ConcurrentMessageLimit = 4;
        });

    private static async Task PublishAsync(Place place, int count, string id = "before")
    {
        await using var connection = await new ConnectionFactory { Uri = place.Amqp }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        foreach (var queue in Queues)
        {
            for (var i = 0; i < count; i++)
                await channel.BasicPublishAsync("", queue, System.Text.Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}"""));
        }
    }

    private sealed class One;

    private sealed class Two;

    private sealed class Three;

    private sealed class Four;

    public sealed record Slow<TKind>(string Id);

    private sealed class SlowWork
    {
        public ConcurrentDictionary<string, int> Begun { get; } = new(StringComparer.Ordinal);

        /// <summary>Set once the broker has been killed: what is delivered from then on is handled at once.</summary>
        public bool IsBrokerGone { get; set; }

        public ConcurrentDictionary<string, string> After { get; } = new(StringComparer.Ordinal);
    }

    private sealed class SlowConsumer<TKind>(SlowWork work) : IConsumer<Slow<TKind>>
    {
        public async Task Consume(ConsumeContext<Slow<TKind>> context)
        {
            var queue = context.ReceiveContext.InputAddress.AbsolutePath.Split('/')[^1];
            work.Begun.AddOrUpdate(queue, 1, (_, count) => count + 1);
            if (context.Message.Id is "after")
                work.After[queue] = context.Message.Id;
            if (work.IsBrokerGone)
                return;

            // Ends at the very moment at which its channel does, whatever its cancellation token says.
            var ended = new TaskCompletionSource();
            context.ReceiveContext.GetPayload<ChannelContext>().Channel.ChannelShutdownAsync += (_, _) =>
            {
                ended.SetResult();
                return Task.CompletedTask;
            };
            await ended.Task;
        }
    }
}
