using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Auth;

/// <summary>Lets a request reach its endpoint only with a token that may; what is not marked as open is closed.</summary>
public sealed class TokenCheck(RequestDelegate next, TokenGate gate)
{
    private static readonly Access AdminOnly = new(Scope: null, IsDropIn: false);

    public async Task InvokeAsync(HttpContext http)
    {
        // The endpoints that answer 405 and the like are no route of ours.
        if (http.GetEndpoint() is RouteEndpoint endpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
            await gate.DemandAsync(http, endpoint.Metadata.GetMetadata<Access>() ?? AdminOnly);
        await next(http);
    }
}

/// <summary>Finds out who sent a request, and whether the token that it came with may do what it asks.</summary>
public sealed class TokenGate(AuthTokens tokens, IOptions<AuthOptions> options)
{
    private readonly byte[] _admin = SHA256.HashData(Encoding.UTF8.GetBytes(options.Value.AdminToken));

    /// <summary>Notes the caller of a request that may do this.</summary>
    /// <exception cref="ProblemException">There is no token, or it may not.</exception>
    public async Task DemandAsync(HttpContext http, Access access) => http.Features.Set(await CallerAsync(http, access));

    private async Task<Caller> CallerAsync(HttpContext http, Access access)
    {
        if (Presented(http.Request.Headers) is not { Length: > 0 } secret)
        {
            throw new ProblemException(access.IsDropIn
                ? Errors.InvalidAuthorization.Because("invalid authorization header")
                : Unauthenticated("The request comes without a token."));
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
        if (CryptographicOperations.FixedTimeEquals(hash, _admin))
            return new Caller(Caller.AdminName, Caller.AdminName);
        var token = await tokens.VerifyAsync(secret, http.RequestAborted)
            ?? throw new ProblemException(Unauthenticated("The token is not valid."));
        if (access.Scope is null)
            throw new ProblemException(Errors.InsufficientScope.Because("Only the admin token may do this."));
        if (!token.Scopes.Contains(access.Scope, StringComparer.Ordinal))
            throw new ProblemException(Errors.InsufficientScope.Because($"The token {token.Name} lacks scope {access.Scope}."));
        return new Caller(token.Name, Convert.ToHexStringLower(hash));
    }

    private static Problem Unauthenticated(string detail) =>
        Errors.Unauthenticated.Because(detail).WithHeader("WWW-Authenticate", "Bearer");

    private static string? Presented(IHeaderDictionary headers)
    {
        if (headers.Authorization.Count == 0)
            return headers["Verification-Token"] is [var token] ? token : null;
        const string scheme = "Bearer ";
        return headers.Authorization is [{ } value] && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? value[scheme.Length..].Trim()
            : null;
    }
}
