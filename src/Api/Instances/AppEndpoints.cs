using System.Globalization;
using FluentValidation;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Instances;

/// <summary>Apps and regions over HTTP.</summary>
public static class AppEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    public static IEndpointRouteBuilder MapApps(this IEndpointRouteBuilder endpoints)
    {
        var apps = endpoints.MapGroup("/api/v1/apps").WithTags("Apps").RequireScope(Scopes.Instances);
        apps.MapGet("", ListAsync).WithName("ListApps").Describe(AppDocs.List);
        apps.MapPost("", AddAsync).WithName("AddApp").Describe(AppDocs.Add);
        apps.MapGet("/{appId}", ReadAsync).WithName("GetApp").Describe(AppDocs.Read);
        apps.MapPatch("/{appId}", UpdateAsync).WithName("UpdateApp").Describe(AppDocs.Update);
        apps.MapDelete("/{appId}", DeleteAsync).WithName("DeleteApp").Describe(AppDocs.Delete);
        var regions = endpoints.MapGroup("/api/v1/regions").WithTags("Regions").RequireScope(Scopes.Instances);
        regions.MapGet("", ListRegionsAsync).WithName("ListRegions").Describe(AppDocs.ListRegions);
        regions.MapPost("", AddRegionAsync).WithName("AddRegion").Describe(AppDocs.AddRegion);
        regions.MapGet("/{regionId}", ReadRegionAsync).WithName("GetRegion").Describe(AppDocs.ReadRegion);
        regions.MapDelete("/{regionId}", DeleteRegionAsync).WithName("DeleteRegion").Describe(AppDocs.DeleteRegion);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(HttpContext http, AppStore apps, CancellationToken cancellationToken)
    {
        var (after, name, limit) = Query(http.Request);
        var found = await apps.ListAsync(after, name, limit + 1, cancellationToken);
        return Results.Ok(Page(found, limit, AppBody.Of, app => app.Id));
    }

    private static async Task<IResult> AddAsync(HttpContext http, AppStore apps, IValidator<App> validator, IdempotentWrites writes, CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadJsonAsync<AppRequest>(http);
        var app = new App { Name = "" };
        body.ApplyTo(app);
        Demand(validator, app);
        return await writes.RunAsync(http, async transaction =>
            await apps.AddAsync(transaction, app, cancellationToken) is { } added
                ? Answer.Created($"/api/v1/apps/{Text(added.Id)}", AppBody.Of(added))
                : Answer.Refused(InstanceErrors.AppExists.Because($"There is an app {app.Name} already.")));
    }

    private static async Task<IResult> ReadAsync(string appId, AppStore apps, CancellationToken cancellationToken) =>
        PathIds.Of("appId", appId) is { } id && await apps.ReadAsync(id, cancellationToken) is { } app
            ? Results.Ok(AppBody.Of(app))
            : InstanceErrors.NoApp(appId);

    private static async Task<IResult> UpdateAsync(string appId, HttpContext http, AppStore apps, IValidator<App> validator, CancellationToken cancellationToken)
    {
        if (PathIds.Of("appId", appId) is not { } id || !await apps.ExistsAsync(id, cancellationToken))
            return InstanceErrors.NoApp(appId);
        var body = await RequestBody.ReadJsonAsync<AppRequest>(http);
        var (refusal, app) = await apps.UpdateAsync(
            id,
            found =>
            {
                body.ApplyTo(found);
                Demand(validator, found);
            },
            cancellationToken);
        return refusal switch
        {
            StoreRefusal.None => Results.Ok(AppBody.Of(app!)),
            StoreRefusal.Exists => InstanceErrors.AppExists.Because($"There is an app {body.Name} already."),
            _ => InstanceErrors.NoApp(appId),
        };
    }

    private static async Task<IResult> DeleteAsync(string appId, AppStore apps, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        if (PathIds.Of("appId", appId) is not { } id)
            return InstanceErrors.NoApp(appId);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        switch (await apps.DeleteAsync(transaction, id, cancellationToken))
        {
            case StoreRefusal.InUse:
                return InstanceErrors.AppInUse.Because($"App {appId} has instances that are not terminated, or a flavor provisions it.");
            case StoreRefusal.NotFound:
                return InstanceErrors.NoApp(appId);
        }

        await transaction.CommitAsync(cancellationToken);
        return Results.NoContent();
    }

    private static async Task<IResult> ListRegionsAsync(HttpContext http, AppStore apps, CancellationToken cancellationToken)
    {
        var (after, name, limit) = Query(http.Request);
        var found = await apps.ListRegionsAsync(after, name, limit + 1, cancellationToken);
        return Results.Ok(Page(found, limit, Of, region => region.Id));
    }

    private static async Task<IResult> AddRegionAsync(HttpContext http, AppStore apps, IdempotentWrites writes, CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadJsonAsync<RegionRequest>(http);
        if (!Sagas.Jobs.JobRules.IsLabel(body.Name) || body.Name!.Length > 100)
            throw FieldErrors.One("name", "'name' must be text of 1 to 100 characters without control characters.");
        return await writes.RunAsync(http, async transaction =>
            await apps.AddRegionAsync(transaction, body.Name, cancellationToken) is { } added
                ? Answer.Created($"/api/v1/regions/{Text(added.Id)}", Of(added))
                : Answer.Refused(InstanceErrors.RegionExists.Because($"There is a region {body.Name} already.")));
    }

    private static async Task<IResult> ReadRegionAsync(string regionId, AppStore apps, CancellationToken cancellationToken) =>
        PathIds.Of("regionId", regionId) is { } id && await apps.ReadRegionAsync(id, cancellationToken) is { } region
            ? Results.Ok(Of(region))
            : InstanceErrors.NoRegion(regionId);

    private static async Task<IResult> DeleteRegionAsync(string regionId, AppStore apps, CancellationToken cancellationToken)
    {
        if (PathIds.Of("regionId", regionId) is not { } id)
            return InstanceErrors.NoRegion(regionId);
        return await apps.DeleteRegionAsync(id, cancellationToken) switch
        {
            StoreRefusal.None => Results.NoContent(),
            StoreRefusal.InUse => InstanceErrors.RegionInUse.Because($"Instances or flavors refer to region {regionId}."),
            _ => InstanceErrors.NoRegion(regionId),
        };
    }

    private static (long After, string? Name, int Limit) Query(HttpRequest request)
    {
        var query = new QueryReader(request);
        var name = query.Text("name");
        var limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit;
        var cursor = query.Cursor();
        query.Demand();
        return (cursor is null ? 0 : After(cursor), name, limit);
    }

    private static long After(string cursor) =>
        long.TryParse(Cursor.Parts(cursor, 1)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw Cursor.Invalid();

    private static PageBody<TBody> Page<T, TBody>(IReadOnlyList<T> found, int limit, Func<T, TBody> body, Func<T, long> id) =>
        new([.. found.Take(limit).Select(body)], found.Count > limit ? Cursor.Of(Text(id(found[limit - 1]))) : null);

    private static void Demand(IValidator<App> validator, App app)
    {
        var errors = new FieldErrors();
        errors.Add(validator.Validate(app).Errors, CamelPaths.Instance);
        errors.Demand();
    }

    private static RegionBody Of(Region region) => new(region.Id, region.Name, region.CreatedAt);

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
