using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Hosting;

namespace Orchestrator.Sagas.Actions;

/// <summary>What every host needs to move deployments.</summary>
public static class ActionsRegistration
{
    public static IServiceCollection AddActions(this IServiceCollection services)
    {
        services.AddValidatedOptions<ActionsOptions>("Actions");
        services.AddSingleton<ActionRegistry>(provider => new ActionRegistry(provider.GetServices<ActionDefinition>()));
        services.AddSingleton<ActionCatalogue>();
        services.AddSingleton<DeploymentMachine>();
        services.AddSingleton<DeploymentEngine>();
        services.AddSingleton<DeploymentReader>();
        services.AddDeclaredActions();
        services.AddSingleton<IValidator<ExecuteAction>, ExecuteActionValidator>();
        services.AddSingleton<IValidator<StopDeployment>, StopDeploymentValidator>();
        services.AddSingleton<IValidator<SuspendDeployment>, SuspendDeploymentValidator>();
        services.AddSingleton<IValidator<ResumeDeployment>, ResumeDeploymentValidator>();
        services.AddSingleton<IValidator<RedriveDeployment>, RedriveDeploymentValidator>();
        services.AddSingleton<IValidator<RetryRollback>, RetryRollbackValidator>();
        services.AddSingleton<IValidator<SkipRollback>, SkipRollbackValidator>();
        return services;
    }
}
