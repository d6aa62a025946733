using System.Text.Json;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Clones.Postgres;

namespace Orchestrator.Api.Clones;

/// <summary>Clones over HTTP: the original's routes.</summary>
public static class CloneEndpoints
{
    private const string ForwardedUser = "X-Forwarded-User-Email";

    public static IEndpointRouteBuilder MapClones(this IEndpointRouteBuilder endpoints)
    {
        var clones = endpoints.MapGroup("").WithTags("Clones").RequireScope(Scopes.Clones);
        clones.MapGet("/clones", ListAsync).WithName("ListClones").Describe(CloneDocs.List);
        clones.MapPost("/clone", CreateAsync).WithName("CreateClone").Describe(CloneDocs.Create);
        clones.MapGet("/clone/{id}", ReadAsync).WithName("GetClone").Describe(CloneDocs.Read);
        clones.MapPatch("/clone/{id}", UpdateAsync).WithName("UpdateClone").Describe(CloneDocs.Update);
        clones.MapDelete("/clone/{id}", DeleteAsync).WithName("DeleteClone").Describe(CloneDocs.Delete);
        clones.MapPost("/clone/{id}/reset", ResetAsync).WithName("ResetClone").Describe(CloneDocs.Reset);
        clones.MapGet("/clone/{id}/events", EventsAsync).WithName("GetCloneEvents").Describe(CloneDocs.Events);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(CloneReader reader, IOptions<CloneOptions> options, CancellationToken cancellationToken)
    {
        var (_, now) = await reader.ReadPaceAsync(cancellationToken);
        return Results.Ok((await reader.ListAsync(cancellationToken)).Select(view => CloneBody.Of(view, options.Value, now)));
    }

    private static async Task<IResult> ReadAsync(
        string id, HttpContext http, CloneReader reader, CloneWait waiting, IOptions<CloneOptions> options, CancellationToken cancellationToken)
    {
        var wait = Prefer.Wait(http.Request);
        var view = wait is { } patience
            ? await waiting.UntilSettledAsync(id, patience, cancellationToken)
            : await reader.ReadAsync(id, cancellationToken);
        if (view is null)
            return CloneErrors.NoClone(id);
        if (wait is { } waited)
            Prefer.Applied(http.Response, waited);
        var (_, now) = await reader.ReadPaceAsync(cancellationToken);
        return Results.Ok(CloneBody.Of(view, options.Value, now));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, IdempotentWrites writes, IOptions<CloneOptions> options,
        CancellationToken cancellationToken)
    {
        var command = Command(await RequestBody.ReadJsonAsync<CloneRequest>(http), http, validation);
        return await writes.RunAsync(http, async transaction =>
        {
            try
            {
                await commands.CreateAsync(transaction, command, http.Actor(), cancellationToken);
            }
            catch (CloneRefusedException exception)
            {
                return CloneErrorForm.Refused(CloneErrors.Of(exception));
            }

            var view = await reader.ReadAsync(transaction, command.Id, cancellationToken) ?? throw new InvalidOperationException("The clone is not there.");
            return Answer.Created($"/clone/{command.Id}", CloneBody.Of(view, options.Value, view.State.CreatedAt));
        });
    }

    private static async Task<IResult> UpdateAsync(
        string id, HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, DurableTransactions transactions,
        IOptions<CloneOptions> options, CancellationToken cancellationToken)
    {
        if (!await reader.ExistsAsync(id, cancellationToken))
            return CloneErrors.NoClone(id);
        var (patch, named) = await PatchBody.ReadAsync<ClonePatch, CloneBody>(http, "a clone");
        var command = new UpdateClone
        {
            Id = id,
            IsProtected = patch.Protected,
            ProtectionDurationMinutes = patch.ProtectionDurationMinutes,
            DeleteAt = patch.DeleteAt,
            NoDeleteAt = named.Contains("deleteAt") && patch.DeleteAt is null,
            Name = named.Contains("name") ? patch.Name ?? "" : null,
            Project = named.Contains("project") ? patch.Project ?? "" : null,
        };
        validation.DemandClone(command);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await Refusals.AnsweredAsync(() => commands.UpdateAsync(transaction, command, http.Actor(), cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        var (_, now) = await reader.ReadPaceAsync(cancellationToken);
        return await reader.ReadAsync(id, cancellationToken) is { } view
            ? Results.Ok(CloneBody.Of(view, options.Value, now))
            : CloneErrors.NoClone(id);
    }

    private static async Task<IResult> ResetAsync(
        string id, HttpContext http, CommandValidation validation, CloneCommands commands, CloneReader reader, DurableTransactions transactions,
        CancellationToken cancellationToken)
    {
        if (!await reader.ExistsAsync(id, cancellationToken))
            return CloneErrors.NoClone(id);
        var body = await RequestBody.ReadOptionalJsonAsync<ResetRequest>(http) ?? new ResetRequest();
        var command = new ResetClone { Id = id, SnapshotId = body.SnapshotId is "" ? null : body.SnapshotId, IsLatest = body.Latest ?? false };
        validation.DemandClone(command);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await Refusals.AnsweredAsync(() => commands.ResetAsync(transaction, command, http.Actor(), cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok();
    }

    private static async Task<IResult> DeleteAsync(
        string id, HttpContext http, CloneCommands commands, CloneReader reader, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        if (!await reader.ExistsAsync(id, cancellationToken))
            return CloneErrors.NoClone(id);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await Refusals.AnsweredAsync(() => commands.DeleteAsync(transaction, new DeleteClone { Id = id }, http.Actor(), cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok();
    }

    private static async Task<IResult> EventsAsync(
        string id, HttpContext http, CloneReader reader, Timelines timelines, TimelineFeed feed, IOptions<StreamOptions> options,
        IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        // A clone that is gone has no row, but a timeline.
        if (!await reader.ExistsAsync(id, cancellationToken) && await timelines.LastIdAsync("clone", id, cancellationToken) == 0)
            return CloneErrors.NoClone(id);
        if (EventStream.IsWanted(http.Request))
            return new EventStream(new TimelinePosition("clone", id, EventStream.LastEventId(http.Request)), feed, options.Value.Heartbeat, lifetime.ApplicationStopping, TimelineEntry.Of);
        return Results.Ok(await TimelinePage.ReadAsync(http, timelines, "clone", id, cancellationToken));
    }

    private static CreateClone Command(CloneRequest body, HttpContext http, CommandValidation validation)
    {
        var errors = new FieldErrors();
        if (body.Db is null)
            errors.Add("db", "'db' must be given: the username and the password of the role that is made for you.");
        if (body.Db is { Username: null or "" })
            errors.Add("db.username", "'db.username' must be given.");
        if (body.Db is { Password: null or "" })
            errors.Add("db.password", "'db.password' must be given.");
        if (body.Branch is not (null or "" or SnapshotBody.MainBranch))
            errors.Add("branch", $"'branch' must be {SnapshotBody.MainBranch}: there is no other.");
        var settings = body.ExtraConf?.ToDictionary(setting => setting.Key, setting => setting.Value ?? "", StringComparer.Ordinal);
        if (settings is not null && CloneSettings.Refuse(settings) is { } refused)
            errors.Add("extra_conf", $"'extra_conf': {refused}.");
        var snapshot = SnapshotOf(body.Snapshot, errors);
        errors.Demand();
        var password = body.Db!.Password!;
        var command = new CreateClone
        {
            Id = body.Id?.Trim() is { Length: > 0 } id ? id : Guid.CreateVersion7().ToString("N"),
            Snapshot = snapshot,
            Username = body.Db.Username!,
            Verifier = ScramSecret.VerifierOf(password),
            DbName = body.Db.DbName is "" ? null : body.Db.DbName,
            IsRestricted = body.Db.Restricted ?? false,
            ExtraConf = settings,
            Name = body.Name,
            Project = body.Project,
            Owner = OwnerOf(body, http),
            IsProtected = body.Protected ?? false,
            ProtectionDurationMinutes = body.Protected is true ? body.ProtectionDurationMinutes : null,
            DeleteAt = body.DeleteAt,
        };
        validation.DemandClone(command);
        if (PasswordStrength.BitsOf(password) < PasswordStrength.LeastBits)
            throw new ProblemException(CloneErrors.WeakPassword.Because($"'db.password' is too easy to guess: it must have at least {PasswordStrength.LeastBits} bits of entropy."));
        return command;
    }

    // The platform of the original names its user, and is trusted with the shared token alone.
    private static string? OwnerOf(CloneRequest body, HttpContext http) => body.Username is { Length: > 0 } named ? named
        : http.Actor() is Caller.AdminName && http.Request.Headers[ForwardedUser] is [{ Length: > 0 and <= CloneRules.MaxTextLength } user] && CloneRules.IsText(user) ? user
        : null;

    private static string? SnapshotOf(JsonElement? snapshot, FieldErrors errors)
    {
        switch (snapshot)
        {
            case null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined }:
                return null;
            case { ValueKind: JsonValueKind.String } text:
                return Text(text);
            case { ValueKind: JsonValueKind.Object } named when !named.TryGetProperty("id", out var id) || id.ValueKind is JsonValueKind.Null:
                return null;
            case { ValueKind: JsonValueKind.Object } named when named.GetProperty("id") is { ValueKind: JsonValueKind.String } id:
                return Text(id);
            default:
                errors.Add("snapshot", "'snapshot' must be an id, a time, or an object with an 'id'.");
                return null;
        }

        string? Text(JsonElement element)
        {
            try
            {
                return element.GetString() is { Length: > 0 } text ? text : null;
            }
            catch (InvalidOperationException)
            {
                errors.Add("snapshot", "'snapshot' must hold nothing but valid Unicode.");
                return null;
            }
        }
    }
}
