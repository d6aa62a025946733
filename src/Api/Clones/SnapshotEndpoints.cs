using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Clones;

/// <summary>Snapshots over HTTP: the original's routes, and sources of one's own.</summary>
public static class SnapshotEndpoints
{
    /// <summary>How long a request in the original's words waits: its clients use the snapshot when it is answered.</summary>
    private static readonly TimeSpan OriginalPatience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan DeletionPatience = TimeSpan.FromSeconds(10);

    public static IEndpointRouteBuilder MapSnapshots(this IEndpointRouteBuilder endpoints)
    {
        var snapshots = endpoints.MapGroup("").WithTags("Clones").RequireScope(Scopes.Clones);
        snapshots.MapGet("/snapshots", ListAsync).WithName("ListSnapshots").Describe(SnapshotDocs.List);
        snapshots.MapPost("/snapshot", CreateAsync).WithName("CreateSnapshot").Describe(SnapshotDocs.Create);
        snapshots.MapPost("/snapshot/clone", SaveCloneAsync).WithName("CreateSnapshotOfClone").Describe(SnapshotDocs.SaveClone);
        snapshots.MapGet("/snapshot/{id}", ReadAsync).WithName("GetSnapshot").Describe(SnapshotDocs.Read);
        snapshots.MapPatch("/snapshot/{id}", UpdateAsync).WithName("UpdateSnapshot").Describe(SnapshotDocs.Update);
        snapshots.MapDelete("/snapshot/{id}", DeleteAsync).WithName("DeleteSnapshot").Describe(SnapshotDocs.Delete);
        snapshots.MapPost("/full-refresh", RefreshAsync).WithName("RefreshSnapshots").Describe(SnapshotDocs.Refresh);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(HttpContext http, CloneReader reader, CancellationToken cancellationToken)
    {
        if (http.Request.Query["branch"] is [{ Length: > 0 } branch] && branch is not SnapshotBody.MainBranch)
            throw FieldErrors.One("branch", $"'branch' must be {SnapshotBody.MainBranch}: there is no other.");
        var (_, now) = await reader.ReadPaceAsync(cancellationToken);
        return Results.Ok((await reader.ListSnapshotsAsync(cancellationToken)).Select(view => SnapshotBody.Of(view, now)));
    }

    private static async Task<IResult> ReadAsync(string id, HttpContext http, CloneReader reader, CloneWait waiting, CancellationToken cancellationToken)
    {
        var wait = Prefer.Wait(http.Request);
        var view = wait is { } patience
            ? await waiting.UntilSnapshotSettledAsync(id, patience, cancellationToken)
            : await reader.ReadSnapshotAsync(id, cancellationToken);
        if (view is null)
            return CloneErrors.NoSnapshotOf(id);
        if (wait is { } waited)
            Prefer.Applied(http.Response, waited);
        return Results.Ok(SnapshotBody.Of(view, (await reader.ReadPaceAsync(cancellationToken)).Now));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, CloneWait waiting, IdempotentWrites writes,
        CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadOptionalJsonAsync<SnapshotRequest>(http) ?? new SnapshotRequest();
        var (command, live) = Command(body);
        validation.DemandClone(command);
        var wait = Prefer.Wait(http.Request) ?? (body.Source is null ? OriginalPatience : null);
        return await BeginAsync(http, command, live, wait, snapshot => snapshot, commands, reader, waiting, writes, cancellationToken);
    }

    private static Task<IResult> SaveCloneAsync(
        HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, CloneWait waiting, IdempotentWrites writes,
        CancellationToken cancellationToken) =>
        SaveAsync(http, snapshot => snapshot, validation, commands, reader, waiting, writes, cancellationToken);

    /// <summary>Saves a clone, and answers with the id of the snapshot alone.</summary>
    internal static Task<IResult> CommitAsync(
        HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, CloneWait waiting, IdempotentWrites writes,
        CancellationToken cancellationToken) =>
        SaveAsync(http, snapshot => new CommitBody { SnapshotId = snapshot.Id }, validation, commands, reader, waiting, writes, cancellationToken);

    private static async Task<IResult> SaveAsync(
        HttpContext http, Func<SnapshotBody, object> shape, CommandValidation validation, CloneCommands commands, CloneReader reader, CloneWait waiting,
        IdempotentWrites writes, CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadJsonAsync<SnapshotCloneRequest>(http);
        if (body.CloneId is null or "")
            throw FieldErrors.One("cloneID", "'cloneID' must be given.");
        var command = new CreateSnapshot { CloneId = body.CloneId, Message = body.Message };
        validation.DemandClone(command);
        return await BeginAsync(
            http, command, live: null, Prefer.Wait(http.Request) ?? OriginalPatience, shape, commands, reader, waiting, writes, cancellationToken);
    }

    // 202 with the snapshot as it is; to a request that waits, 200 with the finished one, or what it failed with.
    private static async Task<IResult> BeginAsync(
        HttpContext http, CreateSnapshot command, SourceAddress? live, TimeSpan? wait, Func<SnapshotBody, object> shape, CloneCommands commands, CloneReader reader,
        CloneWait waiting, IdempotentWrites writes, CancellationToken cancellationToken)
    {
        string? id = null;
        var answer = await writes.RunAsync(http, async transaction =>
        {
            try
            {
                id = await commands.CreateAsync(transaction, command, live, http.Actor(), cancellationToken);
            }
            catch (CloneRefusedException exception)
            {
                return CloneErrorForm.Refused(CloneErrors.Of(exception));
            }

            var view = await reader.ReadSnapshotAsync(transaction, id, cancellationToken) ?? throw new InvalidOperationException("The snapshot is not there.");
            return Answer.Created($"/snapshot/{id}", shape(SnapshotBody.Of(view, view.Snapshot.CreatedAt))) with { Status = StatusCodes.Status202Accepted };
        });
        if (wait is not { } patience || id is null || answer is Answer { IsRefusal: true })
            return answer;
        var settled = await waiting.UntilSnapshotSettledAsync(id, patience, cancellationToken);
        return settled switch
        {
            { Snapshot: { State: nameof(SnapshotStateMachine.Fatal), FatalCode: { } code } failed } => CloneErrors.Of(code, failed.FatalDetail ?? ""),
            { Snapshot.State: nameof(SnapshotStateMachine.Ready) } => Results.Ok(shape(SnapshotBody.Of(settled, (await reader.ReadPaceAsync(cancellationToken)).Now))),
            _ => answer,
        };
    }

    private static async Task<IResult> UpdateAsync(
        string id, HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, DurableTransactions transactions,
        CancellationToken cancellationToken)
    {
        if (await reader.ReadSnapshotAsync(id, cancellationToken) is null)
            return CloneErrors.NoSnapshotOf(id);
        var (patch, named) = await PatchBody.ReadAsync<SnapshotPatch, SnapshotBody>(http, "a snapshot");
        var command = new UpdateSnapshot
        {
            Id = id,
            IsProtected = patch.Protected,
            ProtectionDurationMinutes = patch.ProtectionDurationMinutes,
            DeleteAt = patch.DeleteAt,
            NoDeleteAt = named.Contains("deleteAt") && patch.DeleteAt is null,
        };
        validation.DemandClone(command);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await Refusals.AnsweredAsync(() => commands.UpdateAsync(transaction, command, http.Actor(), cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return await reader.ReadSnapshotAsync(id, cancellationToken) is { } view
            ? Results.Ok(SnapshotBody.Of(view, (await reader.ReadPaceAsync(cancellationToken)).Now))
            : CloneErrors.NoSnapshotOf(id);
    }

    private static async Task<IResult> DeleteAsync(
        string id, HttpContext http, CloneCommands commands, CloneReader reader, CloneWait waiting, DurableTransactions transactions,
        CancellationToken cancellationToken)
    {
        if (await reader.ReadSnapshotAsync(id, cancellationToken) is null)
            return CloneErrors.NoSnapshotOf(id);
        var isForced = Force(http.Request);
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            await Refusals.AnsweredAsync(() =>
                commands.DeleteAsync(transaction, new DeleteSnapshot { Id = id, IsForced = isForced }, http.Actor(), cancellationToken));
            await transaction.CommitAsync(cancellationToken);
        }

        var left = await waiting.UntilSnapshotSettledAsync(id, DeletionPatience, cancellationToken);
        return left switch
        {
            null => Results.Ok(new ResponseBody(CloneStatus.Ok, "Deleted snapshot")),
            { Snapshot: { State: nameof(SnapshotStateMachine.Fatal), FatalCode: { } code } failed } => CloneErrors.Of(code, failed.FatalDetail ?? ""),
            _ => Results.Ok(new ResponseBody(CloneStatus.Ok, "Snapshot is being deleted")),
        };
    }

    private static async Task<IResult> RefreshAsync(HttpContext http, CloneCommands commands, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await Refusals.AnsweredAsync(() => commands.RefreshAsync(transaction, source: null, http.Actor(), cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(new ResponseBody(CloneStatus.Ok, "Full refresh started"));
    }

    private static (CreateSnapshot Command, SourceAddress? Live) Command(SnapshotRequest body)
    {
        var source = body.Source ?? new SourceRequest();
        var errors = new FieldErrors();
        var given = new[] { source.ConnectionString, source.Name, source.Dump, source.CloneId }.Count(one => one is not null);
        if (given > 1 || (body.Source is not null && given == 0))
            errors.Add("source", "'source' must have exactly one of connectionString, name, dump and cloneId.");
        SourceAddress? live = null;
        if (source.ConnectionString is { } text && !SourceAddress.TryParse(text, out live, out var problem))
            errors.Add("source.connectionString", $"'source.connectionString' is not usable: {problem}");
        errors.Demand();
        var command = new CreateSnapshot
        {
            Id = body.Id is "" ? null : body.Id,
            Source = source.Name,
            Dump = source.Dump,
            DumpDatabase = source.Database,
            CloneId = source.CloneId,
            Message = body.Message,
        };
        return (command, live);
    }

    // As Go reads a boolean.
    private static bool Force(HttpRequest request) => request.Query["force"] switch
    {
        [] or [null or "" or "0" or "f" or "F" or "false" or "FALSE" or "False"] => false,
        ["1" or "t" or "T" or "true" or "TRUE" or "True"] => true,
        _ => throw FieldErrors.One("force", "'force' must be true or false."),
    };
}
