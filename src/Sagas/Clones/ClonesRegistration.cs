using FluentValidation;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Clones;

/// <summary>Adds clones: what every host has of them, and the sagas of a worker.</summary>
public static class ClonesRegistration
{
    public static IServiceCollection AddClones(this IServiceCollection services)
    {
        services.AddValidatedOptions<CloneOptions>("Clones");
        services.AddSingleton<CloneMetrics>();
        services.AddSingleton<CloneHosts>();
        services.AddSingleton<CloneAdmission>();
        services.AddSingleton<SnapshotAdmission>();
        services.AddSingleton<SnapshotClones>();
        services.AddSingleton<CloneSteps>();
        services.AddSingleton<SnapshotSteps>();
        services.AddSingleton<CloneReader>();
        services.AddSingleton<CloneCommands>();
        services.AddSingleton<IValidator<CreateClone>, CreateCloneValidator>();
        services.AddSingleton<IValidator<UpdateClone>, UpdateCloneValidator>();
        services.AddSingleton<IValidator<ResetClone>, ResetCloneValidator>();
        services.AddSingleton<IValidator<DeleteClone>, DeleteCloneValidator>();
        services.AddSingleton<IValidator<CreateSnapshot>, CreateSnapshotValidator>();
        services.AddSingleton<IValidator<UpdateSnapshot>, UpdateSnapshotValidator>();
        services.AddSingleton<IValidator<DeleteSnapshot>, DeleteSnapshotValidator>();
        services.AddSingleton<IValidator<RefreshSnapshot>, RefreshSnapshotValidator>();
        services.AddBuiltInJob<CreateCloneJob>();
        // Commands reach the sagas within the process, reports and timeouts by bus.
        services.AddMediator(mediator =>
        {
            mediator.AddSagaStateMachine<CloneStateMachine, CloneState>().UsePostgres<CloneState, OrchestratorDbContext>("clone");
            mediator.AddSagaStateMachine<SnapshotStateMachine, SnapshotState>().UsePostgres<SnapshotState, OrchestratorDbContext>(SnapshotState.SagaName);
        });
        return services;
    }

    /// <summary>The sagas' own queues.</summary>
    public static void AddCloneSagas(this IBusRegistrationConfigurator bus)
    {
        bus.AddSagaStateMachine<CloneStateMachine, CloneState>().Endpoint(e => e.Name = "orchestrator-clone")
            .UsePostgres<CloneState, OrchestratorDbContext>("clone");
        bus.AddSagaStateMachine<SnapshotStateMachine, SnapshotState>().Endpoint(e => e.Name = "orchestrator-clone-snapshot")
            .UsePostgres<SnapshotState, OrchestratorDbContext>(SnapshotState.SagaName);
    }
}
