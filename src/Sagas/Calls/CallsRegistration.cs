using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Hosting;
using Quartz;

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
        services.AddSingleton<FnSchedules>();
        services.AddSingleton<CallMetrics>();
        services.AddSingleton<CallReader>();
        services.AddSingleton<CallEditor>();
        services.AddSingleton<CallEnds>();
        services.AddBuiltInJob<InvokeFnJob>();
        services.AddSingleton<CallSignals>();
        services.AddSingleton<DueCalls>();
        services.AddSingleton<StartedCalls>();
        services.AddSingleton<CallIntake>();
        services.AddHostedService(provider => provider.GetRequiredService<CallSignals>());
        services.AddHostedService(provider => provider.GetRequiredService<DueCalls>());
        services.AddHostedService(provider => provider.GetRequiredService<StartedCalls>());
        services.AddHostedService(provider => provider.GetRequiredService<CallIntake>());
        services.AddSingleton<LookForDueCalls>();
        services.AddSingleton<DutyStart>(provider => new(
            provider.GetRequiredService<LookForDueCalls>(),
            JobBuilder.Create<LookForDueCalls>().WithIdentity("look-for-due-calls", DutyStart.Group).Build()));
        return services;
    }
}
