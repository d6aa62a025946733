using MassTransit;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Duties;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>What a worker does for clones; one with a storage directory hosts them too.</summary>
public static class ClonesWorkerRegistration
{
    public static IServiceCollection AddCloneWork(this IServiceCollection services)
    {
        services.AddSingleton<CloneCommandIntake>();
        services.AddDuty<FollowCloneHosts>();
        services.AddDuty<SweepClones>();
        services.AddDuty<DeleteIdleClones>();
        services.AddDuty<PruneSnapshots>();
        services.AddDuty<KeepRefreshSchedules>();
        services.AddCloneHost();
        services.AddSingleton<CloneRows>();
        services.AddSingleton<CloneTasks>();
        services.AddSingleton<CloneWork>();
        services.AddSingleton<SnapshotWork>();
        services.AddSingleton<CloneAgent>();
        services.AddHostedService<CloneHosting>();
        return services;
    }

    public static void AddCloneConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddCloneSagas();
        bus.AddConsumer<CreateCloneConsumer, CreateCloneConsumerDefinition>();
        bus.AddConsumer<UpdateCloneConsumer, UpdateCloneConsumerDefinition>();
        bus.AddConsumer<ResetCloneConsumer, ResetCloneConsumerDefinition>();
        bus.AddConsumer<DeleteCloneConsumer, DeleteCloneConsumerDefinition>();
        bus.AddConsumer<CreateSnapshotConsumer, CreateSnapshotConsumerDefinition>();
        bus.AddConsumer<UpdateSnapshotConsumer, UpdateSnapshotConsumerDefinition>();
        bus.AddConsumer<DeleteSnapshotConsumer, DeleteSnapshotConsumerDefinition>();
        bus.AddConsumer<RefreshSnapshotConsumer, RefreshSnapshotConsumerDefinition>();
        // On the queue of the storage, whose name is known once that is taken.
        bus.AddConsumer<WorkOnCloneConsumer>().ExcludeFromConfigureEndpoints();
        bus.AddConsumer<WorkOnSnapshotConsumer>().ExcludeFromConfigureEndpoints();
    }
}
