namespace Orchestrator.Api.Http;

/// <summary>Text in the path.</summary>
public static class RouteText
{
    /// <summary>A route value with the slashes that the server leaves escaped.</summary>
    public static string Decoded(string value) => value.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    public static string Encoded(string value) => Uri.EscapeDataString(value);
}
