using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>Fns, as in the original.</summary>
public static class FnEndpoints
{
    public static void MapFns(this RouteGroupBuilder v2)
    {
        var fns = v2.MapGroup("/fns").WithTags("Functions");
        fns.MapGet("", ListAsync).WithName("ListFns").Describe(FnDocs.ListFns);
        fns.MapPost("", CreateAsync).WithName("CreateFn").Describe(FnDocs.CreateFn);
        fns.MapGet("/{fnId}", ReadAsync).WithName("GetFn").Describe(FnDocs.ReadFn);
        fns.MapPut("/{fnId}", UpdateAsync).WithName("UpdateFn").Describe(FnDocs.UpdateFn);
        fns.MapDelete("/{fnId}", DeleteAsync).WithName("DeleteFn").Describe(FnDocs.DeleteFn);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, FnRequests requests, FnReader fns, CancellationToken cancellationToken)
    {
        if (request.Query["app_id"].ToString() is not { Length: > 0 } appId)
            throw new FnException(FnErrors.FnMissingAppId);
        var size = FnRequests.PageSize(request);
        var page = await fns.FnsAsync(appId, request.Query["name"], FnRequests.After(request), size, cancellationToken);
        return FnRequests.Page([.. page.Select(fn => FnBody.Of(fn, requests.BaseUrl(request)))], size, fn => fn.Name);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, FnRequests requests, FnWriter fns, CancellationToken cancellationToken)
    {
        var change = await FnRequests.ReadAsync<FnChange>(http);
        return await requests.ChangeAsync(
            http, transaction => fns.CreateAsync(transaction, change, http.Actor(), cancellationToken), fn => FnBody.Of(fn, requests.BaseUrl(http.Request)));
    }

    private static async Task<IResult> ReadAsync(
        string fnId, HttpRequest request, FnRequests requests, FnReader fns, CancellationToken cancellationToken) =>
        FnRequests.Ok(FnBody.Of(await fns.FnAsync(fnId, cancellationToken), requests.BaseUrl(request)));

    private static async Task<IResult> UpdateAsync(
        string fnId, HttpContext http, FnRequests requests, FnReader reader, FnWriter fns, CancellationToken cancellationToken)
    {
        await reader.FnAsync(fnId, cancellationToken);
        var change = await FnRequests.ReadAsync<FnChange>(http);
        return await requests.ChangeAsync(
            http, transaction => fns.UpdateAsync(transaction, fnId, change, http.Actor(), cancellationToken), fn => FnBody.Of(fn, requests.BaseUrl(http.Request)));
    }

    private static Task<IResult> DeleteAsync(
        string fnId, HttpContext http, FnRequests requests, FnWriter fns, CallEditor calls, FnSchedules schedules, CancellationToken cancellationToken) =>
        requests.ChangeAsync(
            http,
            async transaction =>
            {
                await schedules.RemoveOfFnAsync(transaction, fnId, http.Actor(), cancellationToken);
                await fns.DeleteFnAsync(transaction, fnId, http.Actor(), cancellationToken);
                await calls.CancelOfAsync(transaction, [fnId], http.Actor(), cancellationToken);
                return fnId;
            },
            _ => null);
}
