namespace Orchestrator.Api.Instances;

/// <summary>Everything of instances over HTTP.</summary>
public static class InstancesApiRegistration
{
    public static IServiceCollection AddInstancesApi(this IServiceCollection services) => services.AddSingleton<InstanceWait>().AddSingleton<Jobs.FlavorTemplates>();

    public static IEndpointRouteBuilder MapInstancesPart(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapApps().MapInstances().MapInstanceFollowing().MapNodes();
}
