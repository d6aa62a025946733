using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Clones;

/// <summary>The state of the instance over HTTP: the original's routes.</summary>
public static class InstanceStatusEndpoints
{
    public static IEndpointRouteBuilder MapInstanceStatus(this IEndpointRouteBuilder endpoints)
    {
        var instance = endpoints.MapGroup("").WithTags("Clones").RequireScope(Scopes.Clones);
        instance.MapGet("/status", async (InstanceStatus status, CancellationToken cancellationToken) => Results.Ok(await status.ReadAsync(cancellationToken)))
            .WithName("GetInstanceStatus").Describe(CloneDocs.Status);
        instance.MapGet("/instance/retrieval", async (InstanceStatus status, CancellationToken cancellationToken) => Results.Ok(await status.ReadRetrievingAsync(cancellationToken)))
            .WithName("GetRetrieval").Describe(CloneDocs.Retrieval);
        return endpoints;
    }
}
