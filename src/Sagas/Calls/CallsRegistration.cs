using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Hosting;

namespace Orchestrator.Sagas.Calls;

/// <summary>What every host knows of fns and calls.</summary>
public static class CallsRegistration
{
    public static IServiceCollection AddCalls(this IServiceCollection services)
    {
        services.AddValidatedOptions<CallsOptions>("Calls");
        services.AddSingleton<CallId>();
        services.AddSingleton<FnReader>();
        services.AddSingleton<FnWriter>();
        services.AddSingleton<FnCatalog>();
        services.AddSingleton<CallSignals>();
        services.AddHostedService(provider => provider.GetRequiredService<CallSignals>());
        return services;
    }
}
