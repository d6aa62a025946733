using Orchestrator.Sagas.Hosting;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones;

/// <summary>What makes a worker able to host clones; it opens the storage only when it is told to.</summary>
public static class CloneHostRegistration
{
    public static IServiceCollection AddCloneHost(this IServiceCollection services)
    {
        services.AddValidatedOptions<CloneHostOptions>("Clones");
        services.AddSingleton<CloneStorage>();
        services.AddSingleton<CloneHost>();
        services.AddSingleton<SnapshotHost>();
        services.AddSingleton<ICloneHost>(provider => provider.GetRequiredService<CloneHost>());
        services.AddSingleton<ISnapshotHost>(provider => provider.GetRequiredService<SnapshotHost>());
        return services;
    }
}
