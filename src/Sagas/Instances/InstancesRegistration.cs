using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Instances.Actions;
using Orchestrator.Sagas.Instances.Capacity;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Instances;

/// <summary>The services of instances that every host has.</summary>
public static class InstancesRegistration
{
    public static IServiceCollection AddInstances(this IServiceCollection services)
    {
        services.AddValidatedOptions<InstancesOptions>("Instances");
        services.TryAddSingleton<SagaDbContexts<OrchestratorDbContext>>();
        services.AddSingleton<Placements>();
        services.AddSingleton<InstanceSagas>();
        services.AddSingleton<InstanceReader>();
        services.AddSingleton<InstanceLeases>();
        services.AddSingleton<InstanceUpkeep>();
        services.AddSingleton<AppTermination>();
        services.AddSingleton<AppStore>();
        services.AddSingleton<NodeTable>();
        services.AddSingleton<CapacityController>();
        services.AddSingleton<RunnerBindings>();
        services.AddSingleton<InstanceEnding>();
        services.AddBuiltInJob<ProvisionInstancesJob>();
        services.AddBuiltInJob<WaitForInstancesJob>();
        services.AddBuiltInJob<TerminateInstancesJob>();
        services.AddSingleton<IValidator<ProvisionInstance>, ProvisionInstanceValidator>();
        services.AddSingleton<IValidator<UpdateInstance>, UpdateInstanceValidator>();
        services.AddSingleton<IValidator<TerminateInstance>, TerminateInstanceValidator>();
        services.AddSingleton<IValidator<TerminateAppInstances>, TerminateAppInstancesValidator>();
        services.AddSingleton<IValidator<DeleteInstance>, DeleteInstanceValidator>();
        services.AddSingleton<IValidator<DrainNode>, DrainNodeValidator>();
        services.AddSingleton<IValidator<App>, AppValidator>();
        return services;
    }
}
