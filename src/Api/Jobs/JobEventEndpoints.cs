using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Jobs;

/// <summary>A page of a job's timeline.</summary>
public sealed record JobEvents(
    IReadOnlyList<EventBody> Items,
    [property: JsonPropertyName("next_cursor"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>What happened to a job, as a list or as a stream.</summary>
public static class JobEventEndpoints
{
    private const string Kind = "job";
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    public static IEndpointRouteBuilder MapJobEvents(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/api/v1/jobs/{platform}/{id}/events", ReadAsync)
            .WithName("GetJobEvents").WithTags("Jobs").RequireScope(Scopes.Jobs, isDropIn: true)
            .Describe(JobDocs.Events);
        return endpoints;
    }

    private static async Task<IResult> ReadAsync(
        string platform, string id, HttpContext http, JobReader jobs, Timelines timelines, TimelineFeed feed,
        IOptions<StreamOptions> options, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        (platform, id) = (RouteText.Decoded(platform), RouteText.Decoded(id));
        var key = JobReports.Key(platform, id);
        // A deleted job has no row, but a timeline.
        if (!await jobs.ExistsAsync(platform, id, cancellationToken) && await timelines.LastIdAsync(Kind, key, cancellationToken) == 0)
            return JobErrors.NoJob(platform, id);
        if (EventStream.IsWanted(http.Request))
        {
            return new EventStream(
                new TimelinePosition(Kind, key, EventStream.LastEventId(http.Request)), feed, options.Value.Heartbeat, lifetime.ApplicationStopping);
        }

        var query = new QueryReader(http.Request);
        var limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit;
        var cursor = query.Cursor();
        query.Demand();
        var events = await timelines.ReadAsync(new TimelinePosition(Kind, key, cursor is null ? 0 : After(cursor)), limit + 1, cancellationToken);
        var page = events.Take(limit).Select(EventBody.Of).ToList();
        return Results.Ok(new JobEvents(page, events.Count > limit ? Cursor.Of(page[^1].Id.ToString(CultureInfo.InvariantCulture)) : null));
    }

    private static long After(string cursor) =>
        long.TryParse(Cursor.Parts(cursor, 1)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw Cursor.Invalid();
}
