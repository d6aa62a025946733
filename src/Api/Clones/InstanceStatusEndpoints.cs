using System.Globalization;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Clones;

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
        instance.MapGet("/branches", BranchesAsync).WithName("ListBranches").Describe(CloneDocs.Branches);
        return endpoints;
    }

    private static async Task<IResult> BranchesAsync(CloneReader reader, CancellationToken cancellationToken)
    {
        var snapshots = await reader.ListSnapshotsAsync(cancellationToken);
        var newest = snapshots.Count == 0 ? null : snapshots[0].Snapshot;
        return Results.Ok(new[]
        {
            new BranchBody
            {
                Name = SnapshotBody.MainBranch,
                BaseDataset = newest?.HostId ?? "",
                Parent = "",
                DataStateAt = newest?.DataStateAt?.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) ?? "",
                SnapshotId = newest?.Id ?? "",
                Dataset = newest?.HostId ?? "",
                NumSnapshots = snapshots.Count,
                Protected = false,
            },
        });
    }
}
