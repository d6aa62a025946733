using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Api.Jobs;

/// <summary>The list of a platform's jobs: a bare array as in the original, the next page in <c>Link</c>.</summary>
public static class JobList
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 500;

    public static readonly IReadOnlyList<string> States = ["queued", "running", "completed", "incomplete"];

    public static async Task<IResult> ReadAsync(
        string platform, HttpContext http, JobReader jobs, Labels labels, CancellationToken cancellationToken)
    {
        var query = Query(RouteText.Decoded(platform), http, labels);
        var found = await jobs.ListAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        if (found.Count > query.Limit)
        {
            var last = found[query.Limit - 1];
            http.Response.Headers.Link = $"<{NextPage(http.Request, Cursor.Of(Rfc3339.Format(last.CreatedAt), last.Id))}>; rel=\"next\"";
        }

        return Results.Ok(found.Take(query.Limit).Select(JobBody.Of));
    }

    private static JobQuery Query(string platform, HttpContext http, Labels labels)
    {
        var query = new QueryReader(http.Request);
        var state = query.OneOf("state", States);
        var result = new JobQuery
        {
            Platform = platform,
            State = state is null ? null : Enum.Parse<JobListState>(state, ignoreCase: true),
            Flavor = query.Text("flavor"),
            Labels = labels.OfJob(platform, query.Texts("label")),
            IsUnassigned = query.Flag("unassigned"),
            CreatedAfter = query.Time("created_after"),
            Limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit,
        };
        var cursor = query.Cursor();
        query.Demand();
        return cursor is null ? result : result with { After = Position(cursor) };
    }

    private static (DateTimeOffset CreatedAt, string Id) Position(string cursor)
    {
        var parts = Cursor.Parts(cursor, 2);
        return Rfc3339.TryParse(parts[0], out var createdAt) ? (createdAt, parts[1]) : throw Cursor.Invalid();
    }

    private static string NextPage(HttpRequest request, string cursor)
    {
        var query = request.Query
            .Where(parameter => parameter.Key is not "cursor")
            .SelectMany(parameter => parameter.Value, (parameter, value) => KeyValuePair.Create(parameter.Key, value))
            .Append(KeyValuePair.Create("cursor", (string?)cursor));
        return $"{request.PathBase}{request.Path.ToUriComponent()}{QueryString.Create(query)}";
    }
}
