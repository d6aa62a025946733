using System.Text.Json.Serialization;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Auth;

/// <summary>Body of the creation of a token; may be absent.</summary>
public sealed record TokenRequest
{
    /// <summary>What the token is for: jobs, calls, actions, instances, clones, operate. Default: jobs.</summary>
    public IReadOnlyList<string?>? Scopes { get; init; }
}

/// <summary>A token that was made: the only time that its secret is shown.</summary>
public sealed record TokenCreated(string Name, string Token, IReadOnlyList<string> Scopes);

public sealed record TokenListed(
    string Name,
    IReadOnlyList<string> Scopes,
    [property: JsonPropertyName("created_at")] DateTimeOffset CreatedAt,
    [property: JsonPropertyName("last_used_at")] DateTimeOffset? LastUsedAt);

public sealed record TokenList(IReadOnlyList<string> Names, IReadOnlyList<TokenListed> Items);

/// <summary>The tokens of the API; drop-in, with scopes added.</summary>
public static class TokenEndpoints
{
    private static readonly Dictionary<string, string> NameExample = new(StringComparer.Ordinal) { ["name"] = "relation-7" };

    public static IEndpointRouteBuilder MapTokens(this IEndpointRouteBuilder endpoints)
    {
        var tokens = endpoints.MapGroup("/api/v1/auth/token").WithTags("Tokens").RequireAdmin(isDropIn: true);
        tokens.MapPost("/{name}", CreateAsync).WithName("CreateToken").Describe(new Doc(
            "Make a token", "The secret is shown this one time. Without a body the token has scope `jobs`.")
        {
            PathExamples = NameExample,
            Body = new(typeof(TokenRequest), """{"scopes":["jobs"]}""", IsRequired: false),
            Answers = [new(201, "The token and its secret.", typeof(TokenCreated), """{"name":"relation-7","token":"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA","scopes":["jobs"]}""")],
            Errors = [TokenErrors.Exists, IdempotentWrites.WasSecret],
            IsIdempotent = true,
        });
        tokens.MapPost("", WithoutName).ExcludeFromDescription();
        tokens.MapGet("", ListAsync).WithName("ListTokens").Describe(new Doc("List tokens", "Names and what is known of them; no secrets.")
        {
            Answers = [new(200, "All tokens, by name.", typeof(TokenList), """{"names":["relation-7"],"items":[{"name":"relation-7","scopes":["jobs"],"created_at":"2026-11-21T12:00:00Z","last_used_at":"2026-11-21T12:30:00Z"}]}""")],
        });
        tokens.MapDelete("/{name}", DeleteAsync).WithName("DeleteToken").Describe(new Doc("Delete a token", "It is refused from now on. Nothing happens when there is none.")
        {
            PathExamples = NameExample,
            Answers = [new(204, "There is no such token (any more).")],
        });
        return endpoints;
    }

    private static async Task<IResult> CreateAsync(
        string name, HttpContext http, AuthTokens tokens, IdempotentWrites writes, CancellationToken cancellationToken)
    {
        name = RouteText.Decoded(name);
        if (!JobRules.IsLabel(name) || name is Caller.AdminName)
            throw FieldErrors.One("name", $"'name' must be text of 1 to {JobRules.MaxLabelLength} characters without control characters, and not '{Caller.AdminName}'.");
        var scopes = Validated(await RequestBody.ReadOptionalJsonAsync<TokenRequest>(http));
        return await writes.RunAsync(http, async transaction =>
            await tokens.CreateAsync(transaction, name, scopes, http.Actor(), cancellationToken) is { } secret
                ? Answer.Created(body: new TokenCreated(name, secret, scopes)) with { IsSecret = true }
                : Answer.Refused(TokenErrors.Exists.Because($"There is a token {name} already.")));
    }

    // As in the original: with a slash at the end the name is missing, without it the address is that of the list.
    private static IResult WithoutName(HttpContext http)
    {
        if (http.Request.Path.Value!.EndsWith('/'))
            return Results.NotFound();
        http.Response.Headers.Allow = HttpMethods.Get;
        return Results.StatusCode(StatusCodes.Status405MethodNotAllowed);
    }

    private static async Task<IResult> ListAsync(AuthTokens tokens, CancellationToken cancellationToken)
    {
        var all = await tokens.ListAsync(cancellationToken);
        return Results.Ok(new TokenList(
            [.. all.Select(token => token.Name)],
            [.. all.Select(token => new TokenListed(token.Name, token.Scopes, token.CreatedAt, token.LastUsedAt))]));
    }

    private static async Task<IResult> DeleteAsync(
        string name, HttpContext http, AuthTokens tokens, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (await tokens.DeleteAsync(transaction, RouteText.Decoded(name), http.Actor(), cancellationToken))
            await transaction.CommitAsync(cancellationToken);
        return Results.NoContent();
    }

    private static IReadOnlyList<string> Validated(TokenRequest? request)
    {
        if (request?.Scopes is not { } wanted)
            return [Scopes.Jobs];
        if (wanted.Count == 0 || wanted.Any(scope => !Scopes.All.Contains(scope, StringComparer.Ordinal)))
            throw FieldErrors.One("scopes", $"'scopes' must be a list of one or more of {string.Join(", ", Scopes.All)}.");
        return [.. wanted.OfType<string>().Distinct(StringComparer.Ordinal)];
    }
}
