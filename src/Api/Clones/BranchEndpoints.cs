using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Clones;

namespace Orchestrator.Api.Clones;

/// <summary>
/// What the original's command line needs to list branches, to commit and to read the log. There is one branch, on which all
/// snapshots lie.
/// </summary>
public static class BranchEndpoints
{
    public static IEndpointRouteBuilder MapBranches(this IEndpointRouteBuilder endpoints)
    {
        var branches = endpoints.MapGroup("").WithTags("Clones").RequireScope(Scopes.Clones);
        branches.MapGet("/branches", ListAsync).WithName("ListBranches").Describe(BranchDocs.List);
        branches.MapGet("/branch/{name}/log", LogAsync).WithName("GetBranchLog").Describe(BranchDocs.Log);
        branches.MapPost("/branch/snapshot", SnapshotEndpoints.CommitAsync).WithName("Commit").Describe(BranchDocs.Commit);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(CloneReader reader, CancellationToken cancellationToken) =>
        Results.Ok(new[] { BranchBody.Of(await reader.ListSnapshotsAsync(cancellationToken)) });

    private static async Task<IResult> LogAsync(string name, CloneReader reader, CancellationToken cancellationToken)
    {
        if (name is not SnapshotBody.MainBranch)
            return CloneErrors.NotFound.Because($"There is no branch {name}; there is {SnapshotBody.MainBranch} alone.");
        var (_, now) = await reader.ReadPaceAsync(cancellationToken);
        return Results.Ok(BranchLogBody.Of(await reader.ListSnapshotsAsync(cancellationToken), now));
    }
}
