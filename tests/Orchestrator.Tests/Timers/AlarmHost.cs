using FluentValidation;
using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Outbox;
using Orchestrator.Workers.Jobs;
using Orchestrator.Workers.Scheduling;

namespace Orchestrator.Tests.Timers;

/// <summary>A process of ours, within the test's, that sets and fires timers, and hears what they send.</summary>
public sealed class AlarmHost : IAsyncDisposable
{
    private readonly IHost _host;

    private AlarmHost(IHost host) => _host = host;

    public IServiceProvider Services => _host.Services;

    public DurableTransactions Transactions => _host.Services.GetRequiredService<DurableTransactions>();

    public IBus Bus => _host.Services.GetRequiredService<IBus>();

    public Rings Rings => _host.Services.GetRequiredService<Rings>();

    public static async Task<AlarmHost> StartAsync(Place place, params (string Key, string Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:Postgres"] = place.ConnectionString,
            ["ConnectionStrings:RabbitMq"] = place.Amqp.AbsoluteUri,
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)));
        builder.AddOrchestratorCore("test");
        builder.Services.AddSingleton<Rings>();
        builder.Services.AddSingleton<SingleMessage>();
        builder.Services.AddSingleton<IValidator<RingAlarms>, RingAlarmsValidator>();
        builder.Services.AddScheduling();
        builder.Services.AddOrchestratorBus(bus =>
        {
            bus.AddConsumer<AlarmConsumer>().Endpoint(e => (e.Name, e.PrefetchCount, e.ConcurrentMessageLimit) = ("alarm", 256, 1));
            bus.AddConsumer<RingAlarmsConsumer>().Endpoint(e => e.Name = "ring-alarms");
            bus.AddSchedulingConsumers();
        });
        // MassTransit keeps the first factory it sees for the whole process; one of a host's own would die with it.
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(NullLoggerFactory.Instance));
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new AlarmHost(host);
    }

    /// <summary>Does something in a transaction, and commits.</summary>
    public async Task CommitAsync(Action<DurableTransaction> act)
    {
        await using var transaction = await Transactions.BeginAsync(TestContext.Current.CancellationToken);
        act(transaction);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }
}
