namespace Orchestrator.Api.Auth;

/// <summary>Who sent a request.</summary>
/// <param name="Name">The name of the token, <c>admin</c> for the admin token.</param>
/// <param name="Identity">Tells the token from a later one of the same name, too; no secret.</param>
public sealed record Caller(string Name, string Identity)
{
    public const string AdminName = "admin";
}

public static class CallerExtensions
{
    /// <summary>Name of the token that the request came with: the actor of what it does.</summary>
    public static string Actor(this HttpContext http) => http.Caller().Name;

    /// <summary>Who sent a request to a route that is not open.</summary>
    public static Caller Caller(this HttpContext http) =>
        http.Features.Get<Caller>() ?? throw new InvalidOperationException("An open route has no actor.");
}
