using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Actions;

/// <summary>Reads deployments.</summary>
internal static class DeploymentReads
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 500;

    public static void MapDeployments(this RouteGroupBuilder deployments)
    {
        deployments.MapGet("", ListAsync).WithName("ListDeployments").Describe(ActionDocs.List);
        deployments.MapGet("/{id}", ReadAsync).WithName("GetDeployment").Describe(ActionDocs.Read);
        deployments.MapGet("/{id}/errors", ErrorsAsync).WithName("GetDeploymentErrors").Describe(ActionDocs.Errors);
        deployments.MapGet("/{id}/data", DataAsync).WithName("GetDeploymentData").Describe(ActionDocs.Data);
        deployments.MapGet("/{id}/timeline", TimelineAsync).WithName("GetDeploymentTimeline").Describe(ActionDocs.Timeline);
        deployments.MapGet("/{id}/events", EventsAsync).WithName("FollowDeployment").Describe(ActionDocs.Events);
    }

    private static async Task<IResult> ListAsync(HttpContext http, DeploymentReader deployments, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        var wanted = new DeploymentQuery
        {
            Application = query.Text("application"),
            Action = query.Text("action"),
            Status = query.OneOf("status", DeploymentStatus.All),
            Outcome = query.OneOf("outcome", DeploymentOutcome.All),
            GroupId = query.Text("groupId", maxLength: 255),
            CreatedAfter = query.Time("createdAfter"),
            CreatedBefore = query.Time("createdBefore"),
            Limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit,
        };
        var cursor = query.Cursor();
        query.Demand();
        var found = await deployments.ListAsync(wanted with { After = cursor is null ? null : Position(cursor), Limit = wanted.Limit + 1 }, cancellationToken);
        var page = found.Take(wanted.Limit).ToList();
        var next = found.Count > wanted.Limit ? Cursor.Of(Rfc3339.Format(page[^1].CreatedAt), page[^1].CorrelationId.ToString()) : null;
        return Results.Ok(new DeploymentPage([.. page.Select(deployment => DeploymentBody.Of(deployment))], next));
    }

    private static async Task<IResult> ReadAsync(
        string id, HttpContext http, DeploymentReader deployments, DeploymentWait waiting, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var deploymentId))
            return ActionErrors.NoDeployment(id);
        var wait = Prefer.Wait(http.Request);
        var deployment = wait is { } patience
            ? await waiting.UntilFinishedAsync(deploymentId, patience, cancellationToken)
            : await deployments.ReadAsync(deploymentId, cancellationToken);
        if (deployment is null)
            return ActionErrors.NoDeployment(id);
        if (wait is { } waited)
            Prefer.Applied(http.Response, waited);
        return Results.Ok(DeploymentBody.Of(deployment, await deployments.AttemptsAsync(deploymentId, cancellationToken)));
    }

    private static async Task<IResult> ErrorsAsync(string id, HttpContext http, DeploymentReader deployments, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var deploymentId) || !await deployments.ExistsAsync(deploymentId, cancellationToken))
            return ActionErrors.NoDeployment(id);
        var query = new QueryReader(http.Request);
        var job = query.Text("job");
        var limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit;
        var cursor = query.Cursor();
        query.Demand();
        var rows = await deployments.ErrorsAsync(deploymentId, job, cursor is null ? 0 : After(cursor), limit + 1, cancellationToken);
        var page = rows.Take(limit).ToList();
        return Results.Ok(new DeploymentErrorPage(
            [.. page.Select(row => new DeploymentErrorBody(row.Job, row.Error, row.CreatedAt))],
            rows.Count > limit ? Cursor.Of(page[^1].Id.ToString(CultureInfo.InvariantCulture)) : null));
    }

    private static async Task<IResult> DataAsync(string id, HttpContext http, DeploymentReader deployments, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var deploymentId) || !await deployments.ExistsAsync(deploymentId, cancellationToken))
            return ActionErrors.NoDeployment(id);
        var query = new QueryReader(http.Request);
        var job = query.Text("job");
        var type = query.Text("type");
        query.Demand();
        var rows = await deployments.DataAsync(deploymentId, job, type, cancellationToken);
        return Results.Ok(new DeploymentDataList(
            [.. rows.Select(row => new DeploymentDataBody(row.Job, row.Type, row.DataType, JsonElement.Parse(row.Data), row.UpdatedAt))], NextCursor: null));
    }

    private static async Task<IResult> TimelineAsync(
        string id, HttpContext http, DeploymentReader deployments, Timelines timelines, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var deploymentId) || !await deployments.ExistsAsync(deploymentId, cancellationToken))
            return ActionErrors.NoDeployment(id);
        return Results.Ok(await TimelinePage.ReadAsync(http, timelines, DeploymentEngine.Kind, deploymentId.ToString(), cancellationToken));
    }

    private static async Task<IResult> EventsAsync(
        string id, HttpContext http, DeploymentReader deployments, TimelineFeed feed, IOptions<StreamOptions> options,
        IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var deploymentId) || !await deployments.ExistsAsync(deploymentId, cancellationToken))
            return ActionErrors.NoDeployment(id);
        var position = new TimelinePosition(DeploymentEngine.Kind, deploymentId.ToString(), EventStream.LastEventId(http.Request));
        return new EventStream(position, feed, options.Value.Heartbeat, lifetime.ApplicationStopping, TimelineEntry.Of);
    }

    private static (DateTimeOffset CreatedAt, Guid Id) Position(string cursor)
    {
        var parts = Cursor.Parts(cursor, 2);
        return Rfc3339.TryParse(parts[0], out var createdAt) && Guid.TryParse(parts[1], out var id) ? (createdAt, id) : throw Cursor.Invalid();
    }

    private static long After(string cursor) =>
        long.TryParse(Cursor.Parts(cursor, 1)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw Cursor.Invalid();
}
