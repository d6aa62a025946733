using MassTransit;
using Orchestrator.Sagas.Duties;
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
        services.AddCallWorkers();
        services.AddSingleton<JobIntake>();
        services.AddSingleton<SingleMessage>();
        services.AddScheduling();
        services.AddSingleton<QueueDepths>();
        services.AddHostedService<Gauges>();
        services.AddDuty<FoldPressure>();
        services.AddDuty<AgePressure>();
        services.AddDuty<ReconcileAssignments>();
        services.AddDuty<RemoveOldRows>();
        services.AddDuty<VacuumQueues>();
        services.AddInstanceWorkers();
        services.AddActionWorker(configuration);
        services.AddCloneWork();
        return services;
    }

    /// <summary>Every consumer with its definition.</summary>
    public static void AddWorkerConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<EnqueueJobConsumer, EnqueueJobConsumerDefinition>();
        bus.AddConsumer<StartJobConsumer, StartJobConsumerDefinition>();
        bus.AddConsumer<CompleteJobConsumer, CompleteJobConsumerDefinition>();
        bus.AddConsumer<GithubWorkflowJobConsumer, GithubWorkflowJobConsumerDefinition>();
        bus.AddConsumer<DeleteJobConsumer, DeleteJobConsumerDefinition>();
        bus.AddConsumer<AddFlavorConsumer, AddFlavorConsumerDefinition>();
        bus.AddConsumer<UpdateFlavorConsumer, UpdateFlavorConsumerDefinition>();
        bus.AddConsumer<EnableFlavorConsumer, EnableFlavorConsumerDefinition>();
        bus.AddConsumer<DisableFlavorConsumer, DisableFlavorConsumerDefinition>();
        bus.AddConsumer<DeleteFlavorConsumer, DeleteFlavorConsumerDefinition>();
        bus.AddCloneConsumers();
        bus.AddSchedulingConsumers();
        bus.AddCallConsumers();
        bus.AddConsumer<DeadLetterConsumer, DeadLetterConsumerDefinition>();
        bus.AddInstanceConsumers();
        bus.AddActionConsumers();
    }
}
