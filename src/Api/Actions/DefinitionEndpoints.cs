using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Actions;

/// <summary>Declared actions over HTTP: register, read, list versions, delete.</summary>
internal static class DefinitionEndpoints
{
    private const int MaxNameLength = 100;

    public static void MapDefinitions(this RouteGroupBuilder actions)
    {
        actions.MapPost("", RegisterAsync).WithName("RegisterAction").Describe(DefinitionDocs.Register);
        actions.MapPut("", ReplaceAsync).WithName("PutAction").Describe(DefinitionDocs.Put);
        actions.MapGet("/{name}", ReadAsync).WithName("GetAction").Describe(DefinitionDocs.Read);
        actions.MapPut("/{name}", ReplaceNamedAsync).WithName("PutNamedAction").Describe(DefinitionDocs.PutNamed);
        actions.MapDelete("/{name}", DeleteAsync).WithName("DeleteAction").Describe(DefinitionDocs.Delete);
        actions.MapGet("/{name}/versions", VersionsAsync).WithName("ListActionVersions").Describe(DefinitionDocs.Versions);
        actions.MapGet("/{name}/versions/{version}", VersionAsync).WithName("GetActionVersion").Describe(DefinitionDocs.Version);
    }

    /// <summary>The schema that definitions are checked by.</summary>
    public static void MapDefinitionSchema(this IEndpointRouteBuilder endpoints) => endpoints
        .MapGet("/api/v1/schemas/action", (DefinitionSchema schema) => Results.Text(schema.Document.ToJsonString(ParameterSchema.Json), "application/schema+json"))
        .WithName("GetActionSchema").WithTags("Actions").RequireScope(Scopes.Actions).Describe(DefinitionDocs.Schema);

    private static async Task<IResult> RegisterAsync(
        HttpContext http, DefinitionReader reader, DeclaredActionStore store, DeclaredActionSource declared, ActionCatalogue catalogue, IdempotentWrites writes)
    {
        var query = new QueryReader(http.Request);
        var isRehearsal = query.Flag("dryRun") ?? false;
        query.Demand();
        var (text, format) = await DefinitionBody.ReadAsync(http);
        var action = Read(reader, text, format);
        if (await TakenAsync(catalogue, action.Key, http.RequestAborted) is { } taken)
            return taken;
        if (isRehearsal)
            return Results.Ok(new RehearsalBody(Named(action.Key.Application), action.Key.Name, [.. action.Jobs.Select(job => job.Name)]));
        var answer = await writes.RunAsync(http, async transaction =>
        {
            var registration = await store.RegisterAsync(transaction, text, format, http.Actor(), http.RequestAborted);
            return Answer.Created(Location(registration.Version.Key), RegistrationBody.Of(registration)) with { Status = registration.IsNew ? 201 : 200 };
        });
        await declared.FindAsync(action.Key, http.RequestAborted);
        return answer;
    }

    private static Task<IResult> ReplaceAsync(
        HttpContext http, DefinitionReader reader, DeclaredActionStore store, ActionCatalogue catalogue, DurableTransactions transactions) =>
        PutAsync(http, reader, store, catalogue, transactions, key: null);

    private static Task<IResult> ReplaceNamedAsync(
        string name, HttpContext http, DefinitionReader reader, DeclaredActionStore store, ActionCatalogue catalogue, DurableTransactions transactions) =>
        PutAsync(http, reader, store, catalogue, transactions, Key(name, http));

    private static async Task<IResult> PutAsync(
        HttpContext http, DefinitionReader reader, DeclaredActionStore store, ActionCatalogue catalogue, DurableTransactions transactions, ActionKey? key)
    {
        var (text, format) = await DefinitionBody.ReadAsync(http);
        var action = Read(reader, text, format);
        if (key is { } wanted && wanted != action.Key)
            throw FieldErrors.One("action", $"'action' and 'application' of the definition must be those of the address: {wanted.Name} and {Named(wanted.Application) ?? "none"}.");
        if (await TakenAsync(catalogue, action.Key, http.RequestAborted) is { } taken)
            return taken;
        await using var transaction = await transactions.BeginAsync(http.RequestAborted);
        var registration = await store.RegisterAsync(transaction, text, format, http.Actor(), http.RequestAborted);
        await transaction.CommitAsync(http.RequestAborted);
        return registration.IsNew
            ? Results.Created(Location(registration.Version.Key), RegistrationBody.Of(registration))
            : Results.Ok(RegistrationBody.Of(registration));
    }

    private static async Task<IResult> ReadAsync(string name, HttpContext http, ActionCatalogue catalogue, DeclaredActionStore store, CancellationToken cancellationToken)
    {
        var key = Key(name, http);
        var list = (await catalogue.AllAsync(cancellationToken)).FirstOrDefault(list => list.Application == key.Application && list.Action == key.Name);
        if (list is null)
            return Missing(key);
        var version = list.Version is null ? null : await store.FindAsync(list.Hash, cancellationToken);
        return Results.Ok(ActionDetails.Of(list, version));
    }

    private static async Task<IResult> DeleteAsync(
        string name, HttpContext http, ActionCatalogue catalogue, DeclaredActionStore store, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        var key = Key(name, http);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (await store.DeleteAsync(transaction, key, http.Actor(), cancellationToken))
        {
            await transaction.CommitAsync(cancellationToken);
            return Results.NoContent();
        }

        return await TakenAsync(catalogue, key, cancellationToken) ?? Missing(key);
    }

    private static async Task<IResult> VersionsAsync(string name, HttpContext http, DeclaredActionStore store, CancellationToken cancellationToken)
    {
        var key = Key(name, http);
        var versions = await store.VersionsAsync(key, cancellationToken);
        return versions.Count == 0 ? Missing(key) : Results.Ok(new VersionPage([.. versions.Select(VersionBody.Of)], NextCursor: null));
    }

    private static async Task<IResult> VersionAsync(string name, string version, HttpContext http, DeclaredActionStore store, CancellationToken cancellationToken)
    {
        var key = Key(name, http);
        var found = (await store.VersionsAsync(key, cancellationToken)).FirstOrDefault(one => one.Version.ToString() == version);
        return found is null
            ? ActionErrors.ActionNotFound.Because($"There is no version {version} of action {key.Name}.")
            : Results.Ok(VersionBody.Of(found));
    }

    private static DeclaredAction Read(DefinitionReader reader, string text, DefinitionFormat format)
    {
        try
        {
            return reader.Read(text, format);
        }
        catch (InvalidDefinitionException exception)
        {
            var errors = exception.Errors
                .GroupBy(error => error.Path.Length == 0 ? "definition" : error.Path, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, IReadOnlyList<string> (group) => [.. group.Select(error => $"line {error.Line}, column {error.Column}: {error.Problem}")], StringComparer.Ordinal);
            throw new ProblemException(ActionErrors.InvalidDefinition.Because(exception.Message) with { Errors = errors });
        }
    }

    // What code brings, a definition cannot replace.
    private static async Task<IResult?> TakenAsync(ActionCatalogue catalogue, ActionKey key, CancellationToken cancellationToken) =>
        (await catalogue.AllAsync(cancellationToken)).Any(list => list.Application == key.Application && list.Action == key.Name && !list.IsDeclared)
            ? ActionErrors.ActionInCode.Because($"Action {key.Name}{(key.Application.Length == 0 ? "" : $" of application {key.Application}")} comes with a worker's code.")
            : null;

    private static Problem Missing(ActionKey key) => ActionErrors.ActionNotFound.Because($"{new ActionNotFoundException(key.Application, key.Name).Message}.");

    private static ActionKey Key(string name, HttpContext http)
    {
        var query = new QueryReader(http.Request);
        var application = query.Text("application", MaxNameLength);
        query.Demand();
        return ActionKey.Of(application, RouteText.Decoded(name));
    }

    private static string Location(ActionKey key) =>
        $"/api/v1/actions/{RouteText.Encoded(key.Name)}{(key.Application.Length == 0 ? "" : $"?application={RouteText.Encoded(key.Application)}")}";

    private static string? Named(string application) => application.Length == 0 ? null : application;
}
