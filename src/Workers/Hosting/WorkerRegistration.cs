using MassTransit;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Telemetry;
using Orchestrator.Workers.Actions;
using Orchestrator.Workers.Calls;
using Orchestrator.Workers.Clones.Control;
using Orchestrator.Workers.Instances;
using Orchestrator.Workers.Jobs;
using Orchestrator.Workers.Scheduling;

namespace Orchestrator.Workers.Hosting;

/// <summary>The consumers and periodic duties of a worker; a host adds them to be one.</summary>
public static class WorkerRegistration
{
    /// <summary>Services that the consumers need.</summary>
    public static IServiceCollection AddWorkerServices(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddValidatedOptions<WorkerOptions>("Worker");
        services.AddSingleton<SingleMessage>();
        services.AddScheduling();
        services.AddSingleton<QueueDepths>();
        services.AddHostedService<Gauges>();
        services.AddDuty<RemoveOldRows>();
        services.AddDuty<VacuumQueues>();
        var parts = WorkerOptions.PartsOf(configuration);
        if (parts.HasFlag(WorkerParts.Jobs))
            services.AddJobWorkers();
        if (parts.HasFlag(WorkerParts.Actions))
            services.AddActionWorker(configuration);
        if (parts.HasFlag(WorkerParts.Calls))
            services.AddCallWorkers();
        if (parts.HasFlag(WorkerParts.Instances))
            services.AddInstanceWorkers();
        if (parts.HasFlag(WorkerParts.Clones))
            services.AddCloneWork();
        return services;
    }

    /// <summary>Every consumer with its definition.</summary>
    public static void AddWorkerConsumers(this IBusRegistrationConfigurator bus, IConfiguration configuration)
    {
        bus.AddSchedulingConsumers();
        bus.AddConsumer<DeadLetterConsumer, DeadLetterConsumerDefinition>();
        var parts = WorkerOptions.PartsOf(configuration);
        if (parts.HasFlag(WorkerParts.Jobs))
            bus.AddJobConsumers();
        if (parts.HasFlag(WorkerParts.Actions))
            bus.AddActionConsumers();
        if (parts.HasFlag(WorkerParts.Calls))
            bus.AddCallConsumers();
        if (parts.HasFlag(WorkerParts.Instances))
            bus.AddInstanceConsumers();
        if (parts.HasFlag(WorkerParts.Clones))
            bus.AddCloneConsumers();
    }
}
