using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Actions;

namespace Orchestrator.Api.Actions;

/// <summary>Actions and their deployments over HTTP.</summary>
public static class ActionsEndpoints
{
    public static IEndpointRouteBuilder MapActions(this IEndpointRouteBuilder endpoints)
    {
        var actions = endpoints.MapGroup("/api/v1/actions").WithTags("Actions").RequireScope(Scopes.Actions);
        actions.MapGet("", ListAsync).WithName("ListActions").Describe(ActionDocs.Actions);
        actions.MapDefinitions();
        endpoints.MapDefinitionSchema();
        var deployments = endpoints.MapGroup("/api/v1/deployments").WithTags("Actions").RequireScope(Scopes.Actions);
        deployments.MapDeployments();
        deployments.MapDeploymentCommands();
        return endpoints;
    }

    private static async Task<IResult> ListAsync(ActionCatalogue catalogue, CancellationToken cancellationToken) =>
        Results.Ok(new ActionPage([.. (await catalogue.AllAsync(cancellationToken)).Select(ActionBody.Of)], NextCursor: null));
}
