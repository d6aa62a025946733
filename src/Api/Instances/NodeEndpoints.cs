using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Instances;

/// <summary>Nodes over HTTP. They register themselves; here they are looked at, drained, opened and forgotten.</summary>
public static class NodeEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    public static IEndpointRouteBuilder MapNodes(this IEndpointRouteBuilder endpoints)
    {
        var nodes = endpoints.MapGroup("/api/v1/nodes").WithTags("Nodes").RequireScope(Scopes.Instances);
        nodes.MapGet("", ListAsync).WithName("ListNodes").Describe(AppDocs.ListNodes);
        nodes.MapGet("/{name}", ReadAsync).WithName("GetNode").Describe(AppDocs.ReadNode);
        nodes.MapPost("/{name}/drain", DrainAsync).WithName("DrainNode").Describe(AppDocs.Drain);
        nodes.MapPost("/{name}/open", OpenAsync).WithName("OpenNode").Describe(AppDocs.Open);
        nodes.MapDelete("/{name}", DeleteAsync).WithName("DeleteNode").Describe(AppDocs.DeleteNode);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(HttpContext http, NodeTable nodes, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        var limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit;
        var cursor = query.Cursor();
        query.Demand();
        var found = await nodes.ListAsync(cursor is null ? "" : Cursor.Parts(cursor, 1)[0], limit + 1, cancellationToken);
        return Results.Ok(new PageBody<NodeBody>(
            [.. found.Take(limit).Select(NodeBody.Of)], found.Count > limit ? Cursor.Of(found[limit - 1].Node.Name) : null));
    }

    private static async Task<IResult> ReadAsync(string name, NodeTable nodes, CancellationToken cancellationToken)
    {
        name = RouteText.Decoded(name);
        return await nodes.ReadAsync(name, cancellationToken) is { } node ? Results.Ok(NodeBody.Of(node)) : InstanceErrors.NoNode(name);
    }

    private static async Task<IResult> DrainAsync(
        string name, HttpContext http, NodeTable nodes, IOptions<InstancesOptions> options, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        name = RouteText.Decoded(name);
        if (await nodes.ReadAsync(name, cancellationToken) is null)
            return InstanceErrors.NoNode(name);
        var body = await RequestBody.ReadOptionalJsonAsync<DrainRequest>(http) ?? new DrainRequest();
        if (body.DeadlineSeconds is < 1 or > 86_400)
            throw FieldErrors.One("deadlineSeconds", "'deadlineSeconds' must be from 1 to 86400.");
        var deadline = body.DeadlineSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : options.Value.DrainDeadline;
        return await ChangeAsync(name, transactions, nodes, transaction => nodes.DrainAsync(transaction, name, deadline, http.Actor(), cancellationToken), isAccepted: true, cancellationToken);
    }

    private static async Task<IResult> OpenAsync(
        string name, HttpContext http, NodeTable nodes, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        name = RouteText.Decoded(name);
        return await ChangeAsync(name, transactions, nodes, transaction => nodes.ReopenAsync(transaction, name, http.Actor(), cancellationToken), isAccepted: false, cancellationToken);
    }

    private static async Task<IResult> DeleteAsync(string name, NodeTable nodes, CancellationToken cancellationToken)
    {
        name = RouteText.Decoded(name);
        if (await nodes.ReadAsync(name, cancellationToken) is null)
            return InstanceErrors.NoNode(name);
        return await nodes.DeleteAsync(name, cancellationToken)
            ? Results.NoContent()
            : InstanceErrors.NodeInUse.Because($"Node {name} lives, or still holds claims.");
    }

    private static async Task<IResult> ChangeAsync(
        string name, DurableTransactions transactions, NodeTable nodes, Func<DurableTransaction, Task<bool>> change, bool isAccepted, CancellationToken cancellationToken)
    {
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            if (await change(transaction))
                await transaction.CommitAsync(cancellationToken);
            else
                return await nodes.ReadAsync(name, cancellationToken) is { } found
                    ? InstanceErrors.NodeInUse.Because($"Node {name} is {found.Node.State}.")
                    : InstanceErrors.NoNode(name);
        }

        var body = NodeBody.Of((await nodes.ReadAsync(name, cancellationToken))!);
        return isAccepted ? Results.Accepted($"/api/v1/nodes/{Uri.EscapeDataString(name)}", body) : Results.Ok(body);
    }
}
