using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>How many machines of each flavor are wanted now; runner managers read it once, or follow it.</summary>
public static class PressureEndpoints
{
    private const string AllFlavors = "_";

    public static IEndpointRouteBuilder MapPressure(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/api/v1/flavors/{name}/pressure", ReadAsync)
            .WithName("GetPressure").WithTags("Flavors").RequireScope(Scopes.Jobs, isDropIn: true)
            .Describe(FlavorDocs.Pressure);
        return endpoints;
    }

    private static async Task<IResult> ReadAsync(
        string name, HttpContext http, PressureReader pressure, PressureFeed feed, IOptions<StreamOptions> options,
        IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        var isStream = query.Flag("stream") ?? false;
        query.Demand();
        var platform = http.Platform();
        var flavor = name is AllFlavors ? null : RouteText.Decoded(name);
        var now = new SortedDictionary<string, long>(
            await pressure.ReadAsync(platform, flavor is null ? [] : [flavor], cancellationToken), StringComparer.Ordinal);
        if (now.Count == 0)
            return flavor is null ? JobErrors.FlavorNotFound.Because($"Platform {platform} has no flavors.") : JobErrors.NoFlavor(platform, flavor);
        return isStream
            ? new PressureStream(platform, flavor, now, feed, options.Value.Heartbeat, lifetime.ApplicationStopping)
            : Results.Ok(now);
    }
}
