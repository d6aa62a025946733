using MassTransit;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Instances;

/// <summary>What makes a worker a node, and lets it take commands about instances.</summary>
public static class InstancesWorkerRegistration
{
    public static IServiceCollection AddInstanceWorkers(this IServiceCollection services)
    {
        services.AddRuntimes();
        services.AddValidatedOptions<NodeOptions>("Node");
        services.AddSingleton<NodeClaims>();
        services.AddSingleton<NodeReports>();
        services.AddSingleton<HealthProbe>();
        services.AddSingleton<NodeAgent>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeAgent>());
        services.AddDuty<LookAfterInstances>();
        services.AddDuty<ReconcileCapacity>();
        services.AddDuty<RemoveOldInstances>();
        services.AddHostedService<InstanceGauges>();
        return services;
    }

    public static void AddInstanceConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ProvisionInstanceConsumer, ProvisionInstanceConsumerDefinition>();
        bus.AddConsumer<UpdateInstanceConsumer, UpdateInstanceConsumerDefinition>();
        bus.AddConsumer<TerminateInstanceConsumer, TerminateInstanceConsumerDefinition>();
        bus.AddConsumer<TerminateAppInstancesConsumer, TerminateAppInstancesConsumerDefinition>();
        bus.AddConsumer<DeleteInstanceConsumer, DeleteInstanceConsumerDefinition>();
        bus.AddConsumer<DrainNodeConsumer, DrainNodeConsumerDefinition>();
        bus.AddConsumer<InstanceDueConsumer, InstanceDueConsumerDefinition>();
        bus.AddConsumer<PressureChangedConsumer, PressureChangedConsumerDefinition>();
        bus.AddConsumer<CapacityChangedConsumer, CapacityChangedConsumerDefinition>();
        bus.AddConsumer<RunnerStartedConsumer, RunnerStartedConsumerDefinition>();
        bus.AddConsumer<RunnerCompletedConsumer, RunnerCompletedConsumerDefinition>();
        bus.AddConsumer<RunnerDeletedConsumer, RunnerDeletedConsumerDefinition>();
    }
}
