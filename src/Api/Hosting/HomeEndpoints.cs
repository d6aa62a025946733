namespace Orchestrator.Api.Hosting;

/// <summary>What a client finds without knowing anything: name, version, where to look, and a sign of life.</summary>
public static class HomeEndpoints
{
    private static readonly string Version = typeof(HomeEndpoints).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public static IEndpointRouteBuilder MapHome(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/", () => new Home("Orchestrator", Version, new("/docs", "/openapi/v1.json", "/health/ready")))
            .WithName("Home").WithTags("Service");
        endpoints.MapGet("/version", () => new VersionBody(Version)).WithName("GetVersion").WithTags("Service");
        endpoints.MapGet("/health", Health).WithName("GetHealth").WithTags("Service");
        endpoints.MapGet("/healthz", Health).WithName("GetHealthz").WithTags("Service");
        return endpoints;
    }

    private static HealthBody Health() => new("ok");
}

public sealed record Home(string Name, string Version, HomeLinks Links);

public sealed record HomeLinks(string Docs, string OpenApi, string Ready);

public sealed record VersionBody(string Version);

public sealed record HealthBody(string Status);
