using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>HTTP triggers, as in the original.</summary>
public static class FnTriggerEndpoints
{
    private const char Separator = '\n';

    public static void MapFnTriggers(this RouteGroupBuilder v2)
    {
        var triggers = v2.MapGroup("/triggers").WithTags("Function triggers");
        triggers.MapGet("", ListAsync).WithName("ListFnTriggers").Describe(FnDocs.ListTriggers);
        triggers.MapPost("", CreateAsync).WithName("CreateFnTrigger").Describe(FnDocs.CreateTrigger);
        triggers.MapGet("/{triggerId}", ReadAsync).WithName("GetFnTrigger").Describe(FnDocs.ReadTrigger);
        triggers.MapPut("/{triggerId}", UpdateAsync).WithName("UpdateFnTrigger").Describe(FnDocs.UpdateTrigger);
        triggers.MapDelete("/{triggerId}", DeleteAsync).WithName("DeleteFnTrigger").Describe(FnDocs.DeleteTrigger);
        v2.MapGet("/runner/apps/{appId}/triggerBySource/{type}/{**source}", BySourceAsync)
            .WithName("GetFnTriggerBySource").WithTags("Function triggers").Describe(FnDocs.TriggerBySource);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, FnRequests requests, FnReader fns, CancellationToken cancellationToken)
    {
        if (request.Query["app_id"].ToString() is not { Length: > 0 } appId)
            throw new FnException(FnErrors.TriggerMissingAppId);
        var size = FnRequests.PageSize(request);
        var after = FnRequests.After(request).Split(Separator, 2);
        var page = await fns.TriggersAsync(
            appId, request.Query["fn_id"], request.Query["name"], (after[0], after is [_, var id] ? id : ""), size, cancellationToken);
        var appName = page.Count == 0 ? "" : (await fns.AppAsync(appId, cancellationToken)).Name;
        return FnRequests.Page(
            [.. page.Select(trigger => FnTriggerBody.Of(trigger, appName, requests.BaseUrl(request)))], size, trigger => $"{trigger.Name}{Separator}{trigger.Id}");
    }

    private static async Task<IResult> CreateAsync(
        HttpContext http, FnRequests requests, FnReader reader, FnWriter fns, CancellationToken cancellationToken)
    {
        var change = await FnRequests.ReadAsync<FnTriggerChange>(http);
        return await requests.ChangeAsync(
            http, async transaction =>
            {
                var trigger = await fns.CreateAsync(transaction, change, http.Actor(), cancellationToken);
                return FnTriggerBody.Of(trigger, (await reader.AppAsync(trigger.AppId, cancellationToken)).Name, requests.BaseUrl(http.Request));
            },
            body => body);
    }

    private static async Task<IResult> ReadAsync(
        string triggerId, HttpRequest request, FnRequests requests, FnReader fns, CancellationToken cancellationToken) =>
        FnRequests.Ok(await BodyAsync(await fns.TriggerAsync(triggerId, cancellationToken), request, requests, fns, cancellationToken));

    private static async Task<IResult> UpdateAsync(
        string triggerId, HttpContext http, FnRequests requests, FnReader reader, FnWriter fns, CancellationToken cancellationToken)
    {
        await reader.TriggerAsync(triggerId, cancellationToken);
        var change = await FnRequests.ReadAsync<FnTriggerChange>(http);
        return await requests.ChangeAsync(
            http, async transaction =>
            {
                var trigger = await fns.UpdateAsync(transaction, triggerId, change, http.Actor(), cancellationToken);
                return await BodyAsync(trigger, http.Request, requests, reader, cancellationToken);
            },
            body => body);
    }

    private static Task<IResult> DeleteAsync(string triggerId, HttpContext http, FnRequests requests, FnWriter fns, CancellationToken cancellationToken) =>
        requests.ChangeAsync(
            http,
            async transaction =>
            {
                await fns.DeleteTriggerAsync(transaction, triggerId, http.Actor(), cancellationToken);
                return triggerId;
            },
            _ => null);

    private static async Task<IResult> BySourceAsync(
        string appId, string type, string? source, HttpRequest request, FnRequests requests, FnReader fns, CancellationToken cancellationToken) =>
        FnRequests.Ok(await BodyAsync(
            await fns.TriggerBySourceAsync(appId, type, $"/{source}", cancellationToken), request, requests, fns, cancellationToken));

    private static async Task<FnTriggerBody> BodyAsync(
        FnTrigger trigger, HttpRequest request, FnRequests requests, FnReader fns, CancellationToken cancellationToken) =>
        FnTriggerBody.Of(trigger, (await fns.AppAsync(trigger.AppId, cancellationToken)).Name, requests.BaseUrl(request));
}
