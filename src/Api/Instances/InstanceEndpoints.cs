using System.Globalization;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Instances;

/// <summary>Instances over HTTP: the seed's functions, as commands to the saga.</summary>
public static class InstanceEndpoints
{
    public const string NonceHeader = "Lease-Nonce";

    private const int DefaultPerPage = 10;
    private const int MaxPerPage = 500;

    /// <summary>An update that needs a node to act is worth a moment's wait, also for who did not ask for one.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(2);

    public static IEndpointRouteBuilder MapInstances(this IEndpointRouteBuilder endpoints)
    {
        var apps = endpoints.MapGroup("/api/v1/apps/{appId}/instances").WithTags("Instances").RequireScope(Scopes.Instances);
        apps.MapGet("", ListAsync).WithName("ListInstances").Describe(InstanceDocs.List);
        apps.MapPost("", CreateAsync).WithName("CreateInstance").Describe(InstanceDocs.Create);
        apps.MapGet("/running", RunningAsync).WithName("ListRunningInstances").Describe(InstanceDocs.Running);
        apps.MapGet("/running/count", CountRunningAsync).WithName("CountRunningInstances").Describe(InstanceDocs.CountRunning);
        apps.MapPost("/terminate", TerminateAllAsync).WithName("TerminateAllInstances").Describe(InstanceDocs.TerminateAll);
        var instances = endpoints.MapGroup("/api/v1/instances").WithTags("Instances").RequireScope(Scopes.Instances);
        instances.MapGet("/count", CountAsync).WithName("CountInstances").Describe(InstanceDocs.Count);
        instances.MapGet("/{id}", ReadAsync).WithName("GetInstance").Describe(InstanceDocs.Read);
        instances.MapPatch("/{id}", UpdateAsync).WithName("UpdateInstance").Describe(InstanceDocs.Update);
        instances.MapDelete("/{id}", DeleteAsync).WithName("DeleteInstance").Describe(InstanceDocs.Delete);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(
        string appId, HttpContext http, AppStore apps, InstanceReader instances, CancellationToken cancellationToken)
    {
        if (PathIds.Of("appId", appId) is not { } app || !await apps.ExistsAsync(app, cancellationToken))
            return InstanceErrors.NoApp(appId);
        var query = new QueryReader(http.Request);
        var region = query.Text("region");
        var (page, perPage) = Page(query, DefaultPerPage);
        query.Demand();
        var regionId = region is null ? null : PathIds.Of("region", region);
        // A region that is not there has no instances; one that no row can have is no bad request either.
        var found = region is not null && regionId is null
            ? new InstancePage([], 0)
            : await instances.ListAsync(app, regionId, page, perPage, cancellationToken);
        return Results.Ok(List(found, page, perPage));
    }

    private static async Task<IResult> RunningAsync(
        string appId, HttpContext http, AppStore apps, InstanceReader instances, CancellationToken cancellationToken)
    {
        if (PathIds.Of("appId", appId) is not { } app || !await apps.ExistsAsync(app, cancellationToken))
            return InstanceErrors.NoApp(appId);
        var query = new QueryReader(http.Request);
        var (page, perPage) = Page(query, MaxPerPage);
        query.Demand();
        return Results.Ok(List(await instances.RunningAsync(app, page, perPage, cancellationToken), page, perPage));
    }

    private static async Task<IResult> CountRunningAsync(string appId, AppStore apps, InstanceReader instances, CancellationToken cancellationToken) =>
        PathIds.Of("appId", appId) is { } app && await apps.ExistsAsync(app, cancellationToken)
            ? Results.Ok(new CountBody(await instances.CountRunningAsync(app, cancellationToken)))
            : InstanceErrors.NoApp(appId);

    private static async Task<IResult> CountAsync(InstanceReader instances, CancellationToken cancellationToken) =>
        Results.Ok(new CountBody(await instances.CountAsync(cancellationToken)));

    private static async Task<IResult> CreateAsync(
        string appId, HttpContext http, AppStore apps, InstanceSagas sagas, CommandValidation validation, IdempotentWrites writes, InstanceWait waits,
        CancellationToken cancellationToken)
    {
        if (PathIds.Of("appId", appId) is not { } app || !await apps.ExistsAsync(app, cancellationToken))
            return InstanceErrors.NoApp(appId);
        var body = await RequestBody.ReadJsonAsync<InstanceRequest>(http);
        var command = new ProvisionInstance
        {
            InstanceId = Guid.CreateVersion7(),
            AppId = app,
            InstanceType = body.InstanceType ?? throw FieldErrors.One("instanceType", "'instanceType' must be given."),
            RegionId = body.RegionId,
        };
        validation.DemandCamelFields(command);
        long? id = null;
        var answer = await writes.RunAsync(http, async transaction =>
        {
            var outcome = await sagas.ProvisionAsync(transaction, command, http.Actor(), cancellationToken);
            if (outcome.Refusal is { } refusal)
                return Answer.Refused(InstanceErrors.Of(refusal, instance: null));
            id = outcome.Instance!.Id;
            return Answer.Accepted(Location(outcome.Instance.Id), InstanceBody.Of(outcome.Instance));
        });
        return id is { } created && Prefer.Wait(http.Request) is { } patience
            ? await WaitedAsync(http, waits, created, instance => instance.IsAtRest, patience, isAsked: true, cancellationToken)
            : answer;
    }

    private static async Task<IResult> TerminateAllAsync(
        string appId, HttpContext http, AppStore apps, AppTermination termination, IdempotentWrites writes, CancellationToken cancellationToken)
    {
        if (PathIds.Of("appId", appId) is not { } app || !await apps.ExistsAsync(app, cancellationToken))
            return InstanceErrors.NoApp(appId);
        return await writes.RunAsync(http, async transaction => Answer.Accepted(
            $"/api/v1/apps/{app}/instances", new TerminatedBody(await termination.RunAsync(transaction, app, http.Actor(), cancellationToken))));
    }

    private static async Task<IResult> ReadAsync(string id, HttpContext http, InstanceReader instances, InstanceWait waits, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number)
            return InstanceErrors.NoInstance(id);
        var patience = Prefer.Wait(http.Request);
        var instance = patience is { } time
            ? await waits.UntilAsync(number, found => found.IsAtRest, time, cancellationToken)
            : await instances.ReadAsync(number, cancellationToken);
        if (instance is null)
            return InstanceErrors.NoInstance(id);
        if (patience is { } applied)
            Prefer.Applied(http.Response, applied);
        return Results.Ok(InstanceBody.Of(instance));
    }

    private static async Task<IResult> UpdateAsync(
        string id, HttpContext http, InstanceReader instances, InstanceSagas sagas, CommandValidation validation, DurableTransactions transactions,
        InstanceWait waits, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number || await instances.ReadAsync(number, cancellationToken) is not { } found)
            return InstanceErrors.NoInstance(id);
        var body = await RequestBody.ReadJsonAsync<InstancePatch>(http);
        var command = new UpdateInstance
        {
            InstanceId = found.CorrelationId,
            Status = body.Status,
            InstanceStatus = body.InstanceStatus,
            ContainerId = body.ContainerId,
            NodeName = body.NodeName,
            Version = body.Version,
            LeaseNonce = Nonce(http.Request),
        };
        validation.DemandCamelFields(command);
        var outcome = await CommitAsync(
            transactions, transaction => sagas.CommandAsync(transaction, command.InstanceId, sagas.Machine.Update, command, command.LeaseNonce, http.Actor(), cancellationToken),
            cancellationToken);
        if (outcome.Refusal is { } refusal)
            return InstanceErrors.Of(refusal, outcome.Instance);
        var target = Wanted(outcome.Instance!, command);
        return IsThere(outcome.Instance!, target)
            ? Results.Ok(InstanceBody.Of(outcome.Instance!))
            : await WaitedAsync(http, waits, number, instance => IsThere(instance, target), Prefer.Wait(http.Request) ?? ShortWait, Prefer.Wait(http.Request) is not null, cancellationToken);
    }

    private static async Task<IResult> DeleteAsync(
        string id, HttpContext http, InstanceReader instances, InstanceSagas sagas, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number || await instances.ReadAsync(number, cancellationToken) is not { } found)
            return InstanceErrors.NoInstance(id);
        var query = new QueryReader(http.Request);
        query.Only("force");
        var force = query.Flag("force") ?? false;
        query.Demand();
        var command = new DeleteInstance { InstanceId = found.CorrelationId, Force = force, LeaseNonce = Nonce(http.Request) };
        var outcome = await CommitAsync(
            transactions, transaction => sagas.DeleteAsync(transaction, command, http.Actor(), cancellationToken), cancellationToken);
        return outcome.Refusal switch
        {
            null => Results.NoContent(),
            { Code: InstanceRefusal.NotFound } => InstanceErrors.NoInstance(id),
            { } refusal => InstanceErrors.Of(refusal, outcome.Instance),
        };
    }

    /// <summary>The nonce that a request shows.</summary>
    internal static Guid? Nonce(HttpRequest request) => request.Headers[NonceHeader] switch
    {
        [] or [""] => null,
        [var text] when Guid.TryParse(text, out var nonce) => nonce,
        _ => throw FieldErrors.One(NonceHeader, $"'{NonceHeader}' must be the nonce of a lease."),
    };

    private static async Task<InstanceOutcome> CommitAsync(
        DurableTransactions transactions, Func<DurableTransaction, Task<InstanceOutcome>> command, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        var outcome = await command(transaction);
        if (outcome.Refusal is null)
            await transaction.CommitAsync(cancellationToken);
        return outcome;
    }

    private static async Task<IResult> WaitedAsync(
        HttpContext http, InstanceWait waits, long id, Func<InstanceState, bool> condition, TimeSpan patience, bool isAsked, CancellationToken cancellationToken)
    {
        if (await waits.UntilAsync(id, condition, patience, cancellationToken) is not { } instance)
            return InstanceErrors.NoInstance(id.ToString(CultureInfo.InvariantCulture));
        if (isAsked)
            Prefer.Applied(http.Response, patience);
        return condition(instance)
            ? Results.Ok(InstanceBody.Of(instance))
            : Results.Accepted(Location(id), InstanceBody.Of(instance));
    }

    // What an update leads to when the node has done its part.
    private static string? Wanted(InstanceState instance, UpdateInstance command) => command switch
    {
        { Status: Statuses.Terminated } or { InstanceStatus: Intents.Terminated } => Statuses.Terminated,
        { Status: Statuses.Stopped } or { Status: null, InstanceStatus: Intents.Stopped } => Statuses.Stopped,
        _ => instance.Status,
    };

    private static bool IsThere(InstanceState instance, string? target) => target is null || instance.Status == target || instance.IsAtRest;

    private static (int Page, int PerPage) Page(QueryReader query, int standard) =>
        (query.Integer("page", 1, int.MaxValue) ?? 1, query.Integer("per_page", 1, MaxPerPage) ?? standard);

    private static InstanceListBody List(InstancePage found, int page, int perPage) =>
        new([.. found.Instances.Select(InstanceBody.Of)], new PaginationBody(page, perPage, found.TotalCount));

    private static string Location(long id) => $"/api/v1/instances/{id.ToString(CultureInfo.InvariantCulture)}";
}
