namespace Orchestrator.Api.Auth;

/// <summary>Who sent a request: the name of the token, <c>admin</c> for the admin token.</summary>
public sealed record Caller(string Name)
{
    public const string AdminName = "admin";
}

public static class CallerExtensions
{
    /// <summary>Name of the token that the request came with: the actor of what it does.</summary>
    public static string Actor(this HttpContext http) =>
        http.Features.Get<Caller>()?.Name ?? throw new InvalidOperationException("An open route has no actor.");
}
