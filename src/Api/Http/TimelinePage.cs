using System.Globalization;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Http;

/// <summary>One thing that happened to a resource.</summary>
/// <param name="Id">Higher means later.</param>
/// <param name="At">On the database's clock.</param>
/// <param name="What">Such as created, started, job-failed, finished.</param>
/// <param name="From">The state before.</param>
/// <param name="To">The state after.</param>
/// <param name="Reason">Why, or what.</param>
/// <param name="Actor">The token, the publisher, the node or the duty that caused it; absent when nobody did.</param>
/// <param name="TraceId">Under which it is found in traces.</param>
public sealed record TimelineEntry(long Id, DateTimeOffset At, string What, string? From, string? To, string? Reason, string? Actor, string? TraceId)
{
    internal static TimelineEntry Of(ResourceEvent line) =>
        new(line.Id, line.At, line.What, line.FromState, line.ToState, line.Reason, line.Actor, line.TraceId);
}

/// <summary>A page of the timeline of a resource.</summary>
public sealed record TimelinePage(
    IReadOnlyList<TimelineEntry> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    /// <exception cref="ProblemException">A parameter is wrong.</exception>
    internal static async Task<TimelinePage> ReadAsync(HttpContext http, Timelines timelines, string kind, string key, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        var limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit;
        var cursor = query.Cursor();
        query.Demand();
        var events = await timelines.ReadAsync(new TimelinePosition(kind, key, cursor is null ? 0 : After(cursor)), limit + 1, cancellationToken);
        var page = events.Take(limit).Select(TimelineEntry.Of).ToList();
        return new TimelinePage(page, events.Count > limit ? Cursor.Of(page[^1].Id.ToString(CultureInfo.InvariantCulture)) : null);
    }

    private static long After(string cursor) =>
        long.TryParse(Cursor.Parts(cursor, 1)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw Cursor.Invalid();
}
