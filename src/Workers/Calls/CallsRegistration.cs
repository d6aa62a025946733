using MassTransit;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Workers.Calls.Remote;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls;

/// <summary>What a worker does with calls.</summary>
public static class CallsRegistration
{
    /// <summary>Services that run calls.</summary>
    public static IServiceCollection AddCallWorkers(this IServiceCollection services)
    {
        services.AddFunctionAgent();
        services.AddSingleton<FunctionSpecs>();
        services.AddSingleton<FnCommands>();
        services.AddSingleton<RunningCalls>();
        services.AddSingleton<CallRounds>();
        services.AddSingleton<BegunCalls>();
        services.AddSingleton<CallPace>();
        services.AddSingleton<QueuedRuns>();
        services.AddSingleton<LocalFnInvoker>();
        services.AddSingleton<IFnInvoker>(provider => provider.GetRequiredService<LocalFnInvoker>());
        services.AddHostedService<CallDispatcher>();
        services.AddSingleton<FnRequestServer>();
        services.AddHostedService(provider => provider.GetRequiredService<FnRequestServer>());
        services.AddHealthChecks().AddCheck<FnRequestCheck>("functions", tags: [HealthRegistration.Ready]);
        services.AddDuty<ReapDeadWorkers>();
        services.AddDuty<RemoveOldCalls>();
        return services;
    }

    /// <summary>For an API without workers in its process.</summary>
    public static IServiceCollection AddRemoteCalls(this IServiceCollection services) => services.AddSingleton<IFnInvoker, RemoteFnInvoker>();

    /// <summary>Consumers of commands about calls.</summary>
    public static void AddCallConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<InvokeFnConsumer, InvokeFnConsumerDefinition>();
        bus.AddConsumer<CancelCallConsumer, CancelCallConsumerDefinition>();
        bus.AddConsumer<RetryCallConsumer, RetryCallConsumerDefinition>();
        bus.AddConsumer<DeliverCallbackConsumer, DeliverCallbackConsumerDefinition>();
    }
}
