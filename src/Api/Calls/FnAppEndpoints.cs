using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>Apps of fns, as in the original.</summary>
public static class FnAppEndpoints
{
    public static void MapFnApps(this RouteGroupBuilder v2)
    {
        var apps = v2.MapGroup("/apps").WithTags("Function apps");
        apps.MapGet("", ListAsync).WithName("ListFnApps").Describe(FnDocs.ListApps);
        apps.MapPost("", CreateAsync).WithName("CreateFnApp").Describe(FnDocs.CreateApp);
        apps.MapGet("/{appId}", ReadAsync).WithName("GetFnApp").Describe(FnDocs.ReadApp);
        apps.MapPut("/{appId}", UpdateAsync).WithName("UpdateFnApp").Describe(FnDocs.UpdateApp);
        apps.MapDelete("/{appId}", DeleteAsync).WithName("DeleteFnApp").Describe(FnDocs.DeleteApp);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, FnReader fns, CancellationToken cancellationToken)
    {
        var size = FnRequests.PageSize(request);
        var apps = await fns.AppsAsync(request.Query["name"], FnRequests.After(request), size, cancellationToken);
        return FnRequests.Page([.. apps.Select(FnAppBody.Of)], size, app => app.Name);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, FnRequests requests, FnWriter fns, CancellationToken cancellationToken)
    {
        var change = await FnRequests.ReadAsync<FnAppChange>(http);
        return await requests.ChangeAsync(http, transaction => fns.CreateAsync(transaction, change, http.Actor(), cancellationToken), FnAppBody.Of);
    }

    private static async Task<IResult> ReadAsync(string appId, FnReader fns, CancellationToken cancellationToken) =>
        FnRequests.Ok(FnAppBody.Of(await fns.AppAsync(appId, cancellationToken)));

    private static async Task<IResult> UpdateAsync(
        string appId, HttpContext http, FnRequests requests, FnReader reader, FnWriter fns, CancellationToken cancellationToken)
    {
        await reader.AppAsync(appId, cancellationToken);
        var change = await FnRequests.ReadAsync<FnAppChange>(http);
        return await requests.ChangeAsync(http, transaction => fns.UpdateAsync(transaction, appId, change, http.Actor(), cancellationToken), FnAppBody.Of);
    }

    private static Task<IResult> DeleteAsync(
        string appId, HttpContext http, FnRequests requests, FnWriter fns, CallEditor calls, FnSchedules schedules, CancellationToken cancellationToken) =>
        requests.ChangeAsync(
            http,
            async transaction =>
            {
                await schedules.RemoveOfAppAsync(transaction, appId, http.Actor(), cancellationToken);
                var gone = await fns.DeleteAppAsync(transaction, appId, http.Actor(), cancellationToken);
                await calls.CancelOfAsync(transaction, gone, http.Actor(), cancellationToken);
                return gone;
            },
            _ => null);
}
