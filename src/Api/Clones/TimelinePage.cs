using System.Globalization;
using System.Text.Json.Serialization;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Clones;

/// <summary>One thing that happened to a clone or a snapshot.</summary>
/// <param name="Id">Higher means later.</param>
/// <param name="At">On the database's clock.</param>
/// <param name="What">In past tense, such as created.</param>
/// <param name="From">The status before.</param>
/// <param name="To">The status after.</param>
/// <param name="Reason">Why, or what.</param>
/// <param name="Actor">The token, the publisher or the duty that caused it.</param>
/// <param name="TraceId">Under which it is found in traces.</param>
public sealed record TimelineLine(long Id, DateTimeOffset At, string What, string? From, string? To, string? Reason, string? Actor, string? TraceId)
{
    internal static TimelineLine Of(ResourceEvent line) =>
        new(line.Id, line.At, line.What, line.FromState, line.ToState, line.Reason, line.Actor, line.TraceId);
}

/// <summary>A page of the timeline of a clone or a snapshot.</summary>
public sealed record TimelinePage(
    IReadOnlyList<TimelineLine> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor)
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
        var page = events.Take(limit).Select(TimelineLine.Of).ToList();
        return new TimelinePage(page, events.Count > limit ? Cursor.Of(page[^1].Id.ToString(CultureInfo.InvariantCulture)) : null);
    }

    private static long After(string cursor) =>
        long.TryParse(Cursor.Parts(cursor, 1)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw Cursor.Invalid();
}
