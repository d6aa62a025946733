using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Jobs;

/// <summary>Jobs over HTTP: the original's routes, with adding, deleting, filters and pages.</summary>
public static class JobEndpoints
{
    public static IEndpointRouteBuilder MapJobs(this IEndpointRouteBuilder endpoints)
    {
        var jobs = endpoints.MapGroup("/api/v1/jobs").WithTags("Jobs").RequireScope(Scopes.Jobs, isDropIn: true);
        jobs.MapGet("/{platform}", JobList.ReadAsync).WithName("ListJobs").Describe(JobDocs.List);
        jobs.MapPost("/{platform}", AddAsync).WithName("AddJob").Describe(JobDocs.Add);
        jobs.MapGet("/{platform}/{id}", ReadAsync).WithName("GetJob").Describe(JobDocs.Read);
        jobs.MapPatch("/{platform}/{id}", AdvanceAsync).WithName("UpdateJob").Describe(JobDocs.Update);
        jobs.MapDelete("/{platform}/{id}", DeleteAsync).WithName("DeleteJob").Describe(JobDocs.Delete);
        return endpoints;
    }

    private static async Task<IResult> ReadAsync(
        string platform, string id, HttpContext http, JobReader jobs, JobWait waiting, CancellationToken cancellationToken)
    {
        (platform, id) = (RouteText.Decoded(platform), RouteText.Decoded(id));
        var wait = Prefer.Wait(http.Request);
        var job = wait is { } patience
            ? await waiting.UntilCompletedAsync(platform, id, patience, cancellationToken)
            : await jobs.ReadAsync(platform, id, cancellationToken);
        if (job is null)
            return JobErrors.NoJob(platform, id);
        if (wait is { } waited)
            Prefer.Applied(http.Response, waited);
        return Results.Ok(JobBody.Of(job));
    }

    private static async Task<IResult> AddAsync(
        string platform, HttpContext http, CommandValidation validation, JobChanges changes, JobEditor jobs, IdempotentWrites writes,
        CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadJsonAsync<JobRequest>(http);
        var command = new EnqueueJob
        {
            Platform = RouteText.Decoded(platform),
            Id = body.Id ?? "",
            Labels = body.Labels ?? [],
            CreatedAt = body.CreatedAt,
            Raw = body.Raw,
        };
        validation.DemandFields(command);
        var change = changes.Of(command);
        return await writes.RunAsync(http, async transaction => await jobs.AddAsync(transaction, change, http.Actor(), cancellationToken) switch
        {
            JobEdit.Done => Answer.Created($"/api/v1/jobs/{RouteText.Encoded(command.Platform)}/{RouteText.Encoded(command.Id)}"),
            JobEdit.Deleted => Answer.Refused(JobErrors.JobDeleted.Because($"Platform {command.Platform} had a job {command.Id}, which was deleted.")),
            _ => Answer.Refused(JobErrors.JobExists.Because($"Platform {command.Platform} has a job {command.Id} already.")),
        });
    }

    private static async Task<IResult> AdvanceAsync(
        string platform, string id, HttpContext http, CommandValidation validation, JobReader reader, JobChanges changes, JobEditor jobs,
        DurableTransactions transactions, CancellationToken cancellationToken)
    {
        (platform, id) = (RouteText.Decoded(platform), RouteText.Decoded(id));
        if (!await reader.ExistsAsync(platform, id, cancellationToken))
            return JobErrors.NoJob(platform, id);
        if (Change(platform, id, await RequestBody.ReadJsonAsync<JobPatch>(http), validation, changes) is not { } change)
            return Results.NoContent();
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        switch (await jobs.AdvanceAsync(transaction, change, http.Actor(), cancellationToken))
        {
            case JobEdit.NotFound:
                return JobErrors.NoJob(platform, id);
            case JobEdit.Exists:
                return JobErrors.AlreadySet.Because("started_at or completed_at is set already; neither was changed.");
        }

        await transaction.CommitAsync(cancellationToken);
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteAsync(
        string platform, string id, HttpContext http, JobReader reader, JobRemover jobs, DurableTransactions transactions,
        CancellationToken cancellationToken)
    {
        (platform, id) = (RouteText.Decoded(platform), RouteText.Decoded(id));
        // No tombstone is tried for text that no job can have as its id, and no lock taken for a mistyped one.
        if (!await reader.ExistsAsync(platform, id, cancellationToken))
            return JobErrors.NoJob(platform, id);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        // Without a commit no tombstone stays either: a mistyped id is still free.
        if (!await jobs.DeleteAsync(transaction, platform, id, http.Actor(), cancellationToken))
            return JobErrors.NoJob(platform, id);
        await transaction.CommitAsync(cancellationToken);
        return Results.NoContent();
    }

    private static JobChange? Change(string platform, string id, JobPatch patch, CommandValidation validation, JobChanges changes)
    {
        if (patch.CompletedAt is { } completedAt)
        {
            var complete = new CompleteJob { Platform = platform, Id = id, CompletedAt = completedAt, StartedAt = patch.StartedAt };
            validation.DemandFields(complete);
            return changes.Of(complete);
        }

        if (patch.StartedAt is not { } startedAt)
            return null;
        var start = new StartJob { Platform = platform, Id = id, StartedAt = startedAt };
        validation.DemandFields(start);
        return changes.Of(start);
    }
}
