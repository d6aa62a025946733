using Orchestrator.Api.Http;

namespace Orchestrator.Api.Jobs;

public static class PlatformQuery
{
    public const string Default = "github";

    /// <summary>Query parameter <c>platform</c>, by default <c>github</c> as in the original, which knows no other.</summary>
    public static string Platform(this HttpContext http)
    {
        var query = new QueryReader(http.Request);
        var platform = query.Text("platform") ?? Default;
        query.Demand();
        return platform;
    }
}
