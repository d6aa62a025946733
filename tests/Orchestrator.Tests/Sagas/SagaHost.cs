using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Sagas;

/// <summary>A host of ours with the order saga and a listener for what it causes.</summary>
public sealed class SagaHost : IAsyncDisposable
{
    private readonly IHost _host;

    private SagaHost(IHost host) => _host = host;

    public IBus Bus => _host.Services.GetRequiredService<IBus>();

    public IServiceProvider Services => _host.Services;

    public Troubles Troubles => _host.Services.GetRequiredService<Troubles>();

    public Heard Heard => _host.Services.GetRequiredService<Heard>();

    public static async Task<SagaHost> StartAsync(Place place, Action<ISagaRegistrationConfigurator<Order>> useStorage)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:Postgres"] = place.ConnectionString,
            ["ConnectionStrings:RabbitMq"] = place.Amqp.AbsoluteUri,
        });
        builder.AddOrchestratorCore("test");
        builder.Services.AddSingleton<Troubles>();
        builder.Services.AddSingleton<Heard>();
        builder.Services.AddOrchestratorBus(bus =>
        {
            bus.AddConsumer<HeardConsumer>().Endpoint(e => e.Name = "order-heard");
            bus.AddConsumer<ArchiveConsumer>().Endpoint(e => e.Name = "order-archive");
            bus.AddRequestClient<Ask>();
            useStorage(bus.AddSagaStateMachine<OrderStateMachine, Order>().Endpoint(e =>
            {
                e.Name = "order";
                e.ConcurrentMessageLimit = 16;
                e.PrefetchCount = 64;
            }));
        });
        // MassTransit keeps the first factory it sees for the whole process; one of a host's own would die with it.
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(NullLoggerFactory.Instance));
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new SagaHost(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }
}

/// <summary>What the orders caused, by order; each message id once, as any consumer must count.</summary>
public sealed class Heard
{
    private readonly ConcurrentDictionary<(Guid Order, Guid Message), object> _messages = new();

    public void Add(Guid order, Guid message, object what) => _messages[(order, message)] = what;

    public IReadOnlyList<T> Of<T>(Guid order) => [.. _messages.Where(message => message.Key.Order == order).Select(message => message.Value).OfType<T>()];
}

public sealed class HeardConsumer(Heard heard) : IConsumer<Stepped>
{
    public Task Consume(ConsumeContext<Stepped> context)
    {
        heard.Add(context.Message.OrderId, context.MessageId!.Value, context.Message);
        return Task.CompletedTask;
    }
}

public sealed class ArchiveConsumer(Heard heard) : IConsumer<Archive>
{
    public Task Consume(ConsumeContext<Archive> context)
    {
        heard.Add(context.Message.OrderId, context.MessageId!.Value, context.Message);
        return Task.CompletedTask;
    }
}
