namespace Orchestrator.Api.Clones;

/// <summary>The clone part of the API.</summary>
public static class ClonesApi
{
    public static IServiceCollection AddClonesApi(this IServiceCollection services)
    {
        services.AddSingleton<CloneWait>();
        services.AddSingleton<InstanceStatus>();
        return services;
    }

    public static IEndpointRouteBuilder MapClonesApi(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapClones();
        endpoints.MapSnapshots();
        endpoints.MapBranches();
        endpoints.MapInstanceStatus();
        return endpoints;
    }
}
