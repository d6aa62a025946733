using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Hosting;

/// <summary>What a client finds without knowing anything: name, version, where to look, and a sign of life.</summary>
public static class HomeEndpoints
{
    private static readonly string Version = typeof(HomeEndpoints).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static readonly Doc Alive = new("A sign of life", "Checks nothing else; `/health/ready` does.")
    {
        Answers = [new(200, "The process answers.", typeof(HealthBody), """{"status":"ok"}""")],
    };

    public static IEndpointRouteBuilder MapHome(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/", HomeOf).WithName("Home").WithTags("Service").Describe(new Doc(
            "What this is", "As the original function server for clients; a browser is led to the docs.")
        {
            Answers = [new(200, "A greeting.", typeof(Home), """{"goto":"https://github.com/fnproject/fn","hello":"world!","name":"Orchestrator","version":"0.1.0","links":{"docs":"/docs","openApi":"/openapi/v1.json","ready":"/health/ready"}}""")],
        });
        endpoints.MapGet("/version", () => new VersionBody(Version)).WithName("GetVersion").WithTags("Service").Describe(new Doc("Version")
        {
            Answers = [new(200, "The version.", typeof(VersionBody), """{"version":"0.1.0"}""")],
        });
        endpoints.MapGet("/health", Health).WithName("GetHealth").WithTags("Service").Describe(Alive);
        // The original of the clones answers a POST too.
        endpoints.MapPost("/healthz", Healthz).ExcludeFromDescription();
        endpoints.MapGet("/healthz", Healthz).WithName("GetHealthz").WithTags("Service").Describe(Alive with
        {
            Answers = [new(200, "The process answers.", typeof(HealthzBody), """{"status":"ok","version":"0.1.0","edition":"orchestrator","instanceID":""}""")],
        });
        return endpoints;
    }

    private static HealthBody Health() => new("ok");

    // A sign of life asks no database: which instance it is, /status tells.
    private static HealthzBody Healthz() => new("ok", Version, Clones.InstanceStatus.Edition, "");

    private static IResult HomeOf(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase))
            ? Results.Redirect("/docs")
            : Results.Ok(new Home("https://github.com/fnproject/fn", "world!", "Orchestrator", Version, new("/docs", "/openapi/v1.json", "/health/ready")));
}

/// <summary>The original function server's greeting, and where to look.</summary>
public sealed record Home(string Goto, string Hello, string Name, string Version, HomeLinks Links);

public sealed record HomeLinks(string Docs, string OpenApi, string Ready);

public sealed record VersionBody(string Version);

public sealed record HealthBody(string Status);

/// <summary>A sign of life with what clients of the clones' original read.</summary>
public sealed record HealthzBody(string Status, string Version, string Edition, [property: System.Text.Json.Serialization.JsonPropertyName("instanceID")] string InstanceId);
