using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Workers.Calls.Agent;
using Orchestrator.Workers.Runtimes.Docker;
using Orchestrator.Workers.Runtimes.Processes;

namespace Orchestrator.Workers.Runtimes;

/// <summary>The runtime that the configuration chooses, for functions and instances alike.</summary>
public static class RuntimesRegistration
{
    /// <summary>May be called by each part that needs it.</summary>
    public static IServiceCollection AddRuntimes(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(IRuntime)))
            return services;
        services.AddValidatedOptions<RuntimesOptions>("Runtimes");
        services.AddValidatedOptions<FunctionsOptions>("Functions");
        services.TryAddSingleton<RuntimeIdentity>();
        services.AddSingleton<ProcessRuntime>();
        services.AddSingleton<DockerRuntime>();
        services.AddSingleton<IRuntime>(provider => provider.GetRequiredService<IOptions<RuntimesOptions>>().Value.Kind switch
        {
            RuntimeKind.Docker => provider.GetRequiredService<DockerRuntime>(),
            _ => provider.GetRequiredService<ProcessRuntime>(),
        });
        services.AddHealthChecks().AddCheck<RuntimeCheck>("runtime", tags: [HealthRegistration.Ready]);
        return services;
    }

    /// <summary>What runs functions on this machine.</summary>
    public static IServiceCollection AddFunctionAgent(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddRuntimes();
        services.AddSingleton<FunctionAgent>();
        services.AddSingleton<IFunctionAgent>(provider => provider.GetRequiredService<FunctionAgent>());
        services.AddHostedService<FunctionAgentService>();
        return services;
    }
}
