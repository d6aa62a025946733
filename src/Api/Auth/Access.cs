namespace Orchestrator.Api.Auth;

/// <summary>Who may call an endpoint. One without this, and not open, takes the admin token only.</summary>
/// <param name="Scope">The scope that a token needs; null: the admin token only.</param>
/// <param name="IsDropIn">True where a missing header is answered as the original does, with 400.</param>
public sealed record Access(string? Scope, bool IsDropIn);

public static class AccessExtensions
{
    /// <summary>Tokens with this scope, and the admin token.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope, bool isDropIn = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Access(scope, isDropIn));

    /// <summary>The admin token only.</summary>
    public static TBuilder RequireAdmin<TBuilder>(this TBuilder builder, bool isDropIn = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Access(Scope: null, isDropIn));
}
