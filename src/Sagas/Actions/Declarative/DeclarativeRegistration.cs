using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.BuiltIn;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Declared actions and the jobs that they are made of.</summary>
public static class DeclarativeRegistration
{
    /// <summary>What every host has: the API checks definitions, workers run them.</summary>
    public static IServiceCollection AddDeclaredActions(this IServiceCollection services)
    {
        services.AddSingleton<BuiltInJobs>();
        services.AddSingleton<DefinitionSchema>();
        services.AddSingleton<DefinitionReader>();
        services.AddSingleton<DeclaredActionBuilder>();
        services.AddSingleton<DeclaredActionStore>();
        services.AddSingleton<DeclaredActionSource>();
        services.AddSingleton<IActionSource>(provider => provider.GetRequiredService<DeclaredActionSource>());
        services.AddSingleton<IValidator<RegisterAction>, RegisterActionValidator>();
        services.AddSingleton<IValidator<DeleteAction>, DeleteActionValidator>();
        services.AddBuiltInJob<HttpRequestJob>();
        services.AddBuiltInJob<WaitUntilJob>();
        return services;
    }

    /// <summary>Adds a job that definitions can use. One instance serves all; every host needs it, since the API checks by it.</summary>
    public static IServiceCollection AddBuiltInJob<TJob>(this IServiceCollection services)
        where TJob : class, IBuiltInJob =>
        services.AddSingleton<IBuiltInJob, TJob>();
}
