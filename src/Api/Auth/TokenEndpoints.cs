using System.Text.Json.Serialization;
using Orchestrator.Api.Http;
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
    public static IEndpointRouteBuilder MapTokens(this IEndpointRouteBuilder endpoints)
    {
        var tokens = endpoints.MapGroup("/api/v1/auth/token").WithTags("Tokens").RequireAdmin(isDropIn: true);
        tokens.MapPost("/{name}", CreateAsync).WithName("CreateToken");
        tokens.MapGet("", ListAsync).WithName("ListTokens");
        tokens.MapDelete("/{name}", DeleteAsync).WithName("DeleteToken");
        return endpoints;
    }

    private static async Task<IResult> CreateAsync(
        string name, HttpContext http, AuthTokens tokens, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        name = RouteText.Decoded(name);
        if (!JobRules.IsLabel(name) || name is Caller.AdminName)
            throw FieldErrors.One("name", $"'name' must be text of 1 to {JobRules.MaxLabelLength} characters without control characters, and not '{Caller.AdminName}'.");
        var scopes = Validated(await RequestBody.ReadOptionalJsonAsync<TokenRequest>(http));
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (await tokens.CreateAsync(transaction, name, scopes, http.Actor(), cancellationToken) is not { } secret)
            return TokenErrors.Exists.Because($"There is a token {name} already.");
        await transaction.CommitAsync(cancellationToken);
        return Results.Created((string?)null, new TokenCreated(name, secret, scopes));
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
