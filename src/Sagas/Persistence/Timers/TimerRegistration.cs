using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Hosting;
using Quartz;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>Adds timers, which every process sets and fires.</summary>
public static class TimerRegistration
{
    public static IServiceCollection AddTimers(this IServiceCollection services)
    {
        services.AddValidatedOptions<TimerOptions>("Timers");
        services.AddSingleton<DueTimers>();
        services.AddHostedService(provider => provider.GetRequiredService<DueTimers>());
        services.AddSingleton<CronSchedules>();
        services.AddSingleton<LookForTimers>();
        services.AddSingleton<DutyStart>(provider => new(
            provider.GetRequiredService<LookForTimers>(),
            JobBuilder.Create<LookForTimers>().WithIdentity("look-for-timers", DutyStart.Group).Build()));
        return services;
    }
}
