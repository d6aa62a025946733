using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Puts MassTransit on RabbitMQ with our names, our JSON and our way with faults.</summary>
public static class BusRegistration
{
    /// <summary>Transient faults are retried in place; the longest pause is also the longest wait after a recovery.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    /// <summary>The one who was faster has committed already, so the first retry finds its row.</summary>
    private const int ConflictRetries = 20;

    /// <summary>Whoever had the key has committed, too: a message that is not for that saga will not succeed later.</summary>
    private const int KeyRetries = 5;
    private static readonly TimeSpan FirstConflictPause = TimeSpan.FromMilliseconds(10);

    public static IServiceCollection AddOrchestratorBus(
        this IServiceCollection services, Action<IBusRegistrationConfigurator> addConsumers)
    {
        services.TryAddSingleton<RabbitMqConnection>();
        services.TryAddSingleton<BrokerGate>();
        services.TryAddSingleton<DeadLetterFilter>();
        services.TryAddSingleton<SkippedFilter>();
        services.AddReceiveObserver<LostDeliveryObserver>();
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = true;
            // Also what a consumer waits after its broker died, for acknowledgements that nobody will take.
            host.ConsumerStopTimeout = TimeSpan.FromSeconds(2);
            host.StopTimeout = TimeSpan.FromSeconds(3);
        });
        // It would tell its makers how it is used, five minutes after each start.
        services.Configure<UsageTelemetryOptions>(usage => usage.Enabled = false);
        services.Configure<HostOptions>(host =>
        {
            // Health answers while the bus still waits for its broker.
            host.ServicesStartConcurrently = true;
            host.ShutdownTimeout = TimeSpan.FromSeconds(28);
        });
        return services.AddMassTransit(bus =>
        {
            bus.AddConfigureEndpointsCallback(ConfigureEndpoint);
            addConsumers(bus);
            bus.UsingRabbitMq(ConfigureBus);
        });
    }

    private static void ConfigureBus(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator bus)
    {
        var broker = context.GetRequiredService<RabbitMqConnection>();
        bus.Host(broker.Uri.Host, broker.Port, broker.VirtualHost, host =>
        {
            host.Username(broker.UserName);
            host.Password(broker.Password);
            host.Heartbeat(TimeSpan.FromSeconds(10));
            // MassTransit asks for the whole topology of an endpoint at once, and each question waits for those before it: what a busy
            // broker does not answer in time leaves the endpoint waiting for ever. A broker that hangs is noticed by heartbeats.
            host.ContinuationTimeout(TimeSpan.FromMinutes(5));
            host.OnRefreshConnectionFactory = context.GetRequiredService<BrokerGate>().WaitAsync;
            if (broker.Uri.Scheme is "amqps")
                host.UseSsl(_ => { });
        });
        bus.MessageTopology.SetEntityNameFormatter(new ContractEntityNameFormatter(bus.MessageTopology.EntityNameFormatter));
        bus.AddDeserializer(new LenientJsonDeserializer(), isDefault: true);
        bus.DeployPublishTopology = true;
        bus.ConfigureEndpoints(context);
    }

    private static void ConfigureEndpoint(IRegistrationContext context, string name, IReceiveEndpointConfigurator endpoint)
    {
        endpoint.PublishFaults = false;
        endpoint.ConfigureReceive(receive => receive.UseFilter(new MessageTraceFilter()));
        endpoint.ConfigureDeadLetter(skipped => skipped.UseFilter(context.GetRequiredService<SkippedFilter>()));
        endpoint.ConfigureError(error => error.UseFilter(context.GetRequiredService<DeadLetterFilter>()));
        endpoint.UseMessageRetry(retry =>
        {
            retry.Handle<Exception>(Transient.Is);
            retry.Exponential(int.MaxValue, FirstPause, LongestPause, FirstPause);
        });
        endpoint.UseMessageRetry(retry =>
        {
            retry.Handle<SagaConflictException>(conflict => !conflict.IsKeyTaken);
            retry.Exponential(ConflictRetries, FirstConflictPause, FirstPause, FirstConflictPause);
        });
        endpoint.UseMessageRetry(retry =>
        {
            retry.Handle<SagaConflictException>(conflict => conflict.IsKeyTaken);
            retry.Exponential(KeyRetries, FirstConflictPause, FirstPause, FirstConflictPause);
        });
        if (name is not SchedulerQueue.Name && endpoint is IRabbitMqReceiveEndpointConfigurator queue)
        {
            queue.SetQuorumQueue();
            if (name is DeadLetterQueue.Name)
                return;
            // Retries in place are no deliveries: this counts processes that died over a message.
            queue.SetQueueArgument("x-delivery-limit", DeadLetterQueue.DeliveryLimit);
            queue.SetQueueArgument("x-dead-letter-exchange", ExchangeNames.DeadLetter);
            queue.SetQueueArgument("x-dead-letter-strategy", "at-least-once");
            queue.SetQueueArgument("x-overflow", "reject-publish");
        }
    }
}
