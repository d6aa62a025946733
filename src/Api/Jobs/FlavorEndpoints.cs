using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Jobs;

/// <summary>Flavors over HTTP: the original's routes, with <c>?platform=</c> on all of them and every field to change.</summary>
public static class FlavorEndpoints
{
    public static IEndpointRouteBuilder MapFlavors(this IEndpointRouteBuilder endpoints)
    {
        var flavors = endpoints.MapGroup("/api/v1/flavors").WithTags("Flavors").RequireScope(Scopes.Jobs, isDropIn: true);
        flavors.MapGet("", ListAsync).WithName("ListFlavors").Describe(FlavorDocs.List);
        flavors.MapPost("/{name}", AddAsync).WithName("AddFlavor").Describe(FlavorDocs.Add);
        flavors.MapGet("/{name}", ReadAsync).WithName("GetFlavor").Describe(FlavorDocs.Read);
        flavors.MapPatch("/{name}", UpdateAsync).WithName("UpdateFlavor").Describe(FlavorDocs.Update);
        flavors.MapPut("/{name}", ReplaceAsync).WithName("ReplaceFlavor").Describe(FlavorDocs.Replace);
        flavors.MapDelete("/{name}", DeleteAsync).WithName("DeleteFlavor").Describe(FlavorDocs.Delete);
        return endpoints;
    }

    private static async Task<IResult> ListAsync(HttpContext http, FlavorReader flavors, CancellationToken cancellationToken)
    {
        var listed = await flavors.ListAsync(http.Platform(), cancellationToken);
        return Results.Ok(listed.Select(FlavorBody.Of));
    }

    private static async Task<IResult> ReadAsync(string name, HttpContext http, FlavorReader flavors, CancellationToken cancellationToken)
    {
        var platform = http.Platform();
        return await flavors.ReadAsync(platform, NamedOne(name), cancellationToken) is { } flavor
            ? Results.Ok(FlavorBody.Of(flavor))
            : JobErrors.NoFlavor(platform, name);
    }

    private static async Task<IResult> AddAsync(
        string name, HttpContext http, CommandValidation validation, FlavorWriter flavors, IdempotentWrites writes, FlavorTemplates templates,
        CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadJsonAsync<FlavorRequest>(http);
        var command = Command(name, http, body, validation, await templates.ReadAsync(body.Provision, cancellationToken));
        return await writes.RunAsync(http, async transaction =>
            await flavors.AddAsync(transaction, command, http.Actor(), cancellationToken)
                ? Answer.Created()
                : Answer.Refused(JobErrors.FlavorExists.Because($"Platform {command.Platform} has a flavor {command.Name} already.")));
    }

    private static async Task<IResult> UpdateAsync(
        string name, HttpContext http, CommandValidation validation, FlavorReader flavors, FlavorWriter writer,
        FlavorTemplates templates, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        var platform = http.Platform();
        if (await flavors.ReadAsync(platform, NamedOne(name), cancellationToken) is null)
            return JobErrors.NoFlavor(platform, name);
        var body = await RequestBody.ReadJsonAsync<FlavorRequest>(http);
        DemandSamePlatform(body, platform);
        if (body.IsEmpty)
            throw FieldErrors.One("is_disabled", "The body must name at least one of is_disabled, labels, priority, minimum_pressure, maximum_pressure, provision.");
        var command = new UpdateFlavor
        {
            Platform = platform,
            Name = RouteText.Decoded(name),
            Labels = body.Labels,
            Priority = body.Priority,
            IsDisabled = body.IsDisabled,
            MinimumPressure = body.MinimumPressure,
            MaximumPressure = body.MaximumPressure,
            NoMaximumPressure = body is { NamesMaximum: true, MaximumPressure: null },
            Provision = await templates.ReadAsync(body.Provision, cancellationToken),
            NoProvision = body is { NamesProvision: true, Provision: null },
        };
        validation.DemandFields(command);
        return await WriteAsync(writer, command, transactions, http, cancellationToken)
            ? Results.NoContent()
            : JobErrors.NoFlavor(platform, name);
    }

    private static async Task<IResult> ReplaceAsync(
        string name, HttpContext http, CommandValidation validation, FlavorWriter flavors, FlavorTemplates templates, DurableTransactions transactions,
        CancellationToken cancellationToken)
    {
        NamedOne(name);
        var body = await RequestBody.ReadJsonAsync<FlavorRequest>(http);
        var command = Command(name, http, body, validation, await templates.ReadAsync(body.Provision, cancellationToken));
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        var isNew = await flavors.AddAsync(transaction, command, http.Actor(), cancellationToken);
        if (!isNew)
            await flavors.UpdateAsync(transaction, Replacement(command), http.Actor(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return isNew ? Results.StatusCode(StatusCodes.Status201Created) : Results.NoContent();
    }

    private static async Task<IResult> DeleteAsync(
        string name, HttpContext http, FlavorWriter flavors, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        var platform = http.Platform();
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (await flavors.DeleteAsync(transaction, platform, NamedOne(name), http.Actor(), cancellationToken))
            await transaction.CommitAsync(cancellationToken);
        return Results.Ok();
    }

    private static async Task<bool> WriteAsync(
        FlavorWriter flavors, UpdateFlavor command, DurableTransactions transactions, HttpContext http, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        try
        {
            if (!await flavors.UpdateAsync(transaction, command, http.Actor(), cancellationToken))
                return false;
        }
        catch (InvalidMessageException)
        {
            throw FieldErrors.One("maximum_pressure", "'maximum_pressure' must be at least 'minimum_pressure'.");
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static AddFlavor Command(string name, HttpContext http, FlavorRequest body, CommandValidation validation, FlavorProvision? provision)
    {
        var isAsked = http.Request.Query.ContainsKey("platform");
        var platform = http.Platform();
        if (isAsked)
            DemandSamePlatform(body, platform);
        var command = new AddFlavor
        {
            Platform = body.Platform ?? platform,
            Name = RouteText.Decoded(name),
            Labels = body.Labels ?? [],
            Priority = body.Priority ?? 0,
            IsDisabled = body.IsDisabled ?? false,
            MinimumPressure = body.MinimumPressure ?? 0,
            MaximumPressure = body.MaximumPressure,
            Provision = provision,
        };
        validation.DemandFields(command);
        return command with { Labels = Labels.OfFlavor(command.Labels) };
    }

    private static UpdateFlavor Replacement(AddFlavor command) => new()
    {
        Platform = command.Platform,
        Name = command.Name,
        Labels = command.Labels,
        Priority = command.Priority,
        IsDisabled = command.IsDisabled,
        MinimumPressure = command.MinimumPressure,
        MaximumPressure = command.MaximumPressure,
        NoMaximumPressure = command.MaximumPressure is null,
        Provision = command.Provision,
        NoProvision = command.Provision is null,
    };

    private static void DemandSamePlatform(FlavorRequest body, string platform)
    {
        if (body.Platform is not null && !string.Equals(body.Platform, platform, StringComparison.Ordinal))
            throw FieldErrors.One("platform", $"'platform' is {body.Platform} in the body, but {platform} in the query, which defaults to {PlatformQuery.Default}.");
    }

    // Of the pressure, "_" means all flavors; here it would be one of that name.
    private static string NamedOne(string name) =>
        name is "_" ? throw FieldErrors.One("name", "'name' must not be '_': it means all flavors.") : RouteText.Decoded(name);
}
