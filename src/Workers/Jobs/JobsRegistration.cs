using MassTransit;
using Orchestrator.Sagas.Duties;

namespace Orchestrator.Workers.Jobs;

/// <summary>What a worker does with jobs of GitHub and flavors.</summary>
public static class JobsRegistration
{
    public static IServiceCollection AddJobWorkers(this IServiceCollection services)
    {
        services.AddSingleton<JobIntake>();
        services.AddDuty<FoldPressure>();
        services.AddDuty<AgePressure>();
        services.AddDuty<ReconcileAssignments>();
        return services;
    }

    public static void AddJobConsumers(this IBusRegistrationConfigurator bus)
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
    }
}
