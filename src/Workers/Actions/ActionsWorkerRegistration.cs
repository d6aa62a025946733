using MassTransit;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Hosting;

namespace Orchestrator.Workers.Actions;

/// <summary>What makes a worker run the jobs of actions.</summary>
public static class ActionsWorkerRegistration
{
    public static IServiceCollection AddActionWorker(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<AttemptClaims>();
        services.AddSingleton<AttemptRunner>();
        services.AddSingleton<AttemptReports>();
        services.AddSingleton<JobExecutor>();
        services.AddSingleton<WaitingAttempts>();
        services.AddHostedService(provider => provider.GetRequiredService<AttemptReports>());
        services.AddHostedService(provider => provider.GetRequiredService<WaitingAttempts>());
        services.AddHostedService<DefinitionFolder>();
        services.AddHostedService<DeploymentGauges>();
        services.AddDuty<RecoverAttempts>();
        services.AddDuty<FindIncompatible>();
        services.AddDuty<RemoveOldDeployments>();
        services.AddHealthChecks().AddCheck<ActionsCheck>("actions", tags: [HealthRegistration.Ready]);
        ActionModules.Load(services, configuration);
        return services;
    }

    public static void AddActionConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<RunJobConsumer, RunJobConsumerDefinition>();
        bus.AddConsumer<ExecuteActionConsumer, ExecuteActionConsumerDefinition>();
        bus.AddConsumer<RegisterActionConsumer, RegisterActionConsumerDefinition>();
        bus.AddConsumer<DeleteActionConsumer, DeleteActionConsumerDefinition>();
        bus.AddConsumer<StopDeploymentConsumer, StopDeploymentConsumerDefinition>();
        bus.AddConsumer<SuspendDeploymentConsumer, SuspendDeploymentConsumerDefinition>();
        bus.AddConsumer<ResumeDeploymentConsumer, ResumeDeploymentConsumerDefinition>();
        bus.AddConsumer<RedriveDeploymentConsumer, RedriveDeploymentConsumerDefinition>();
        bus.AddConsumer<RetryRollbackConsumer, RetryRollbackConsumerDefinition>();
        bus.AddConsumer<SkipRollbackConsumer, SkipRollbackConsumerDefinition>();
    }
}
