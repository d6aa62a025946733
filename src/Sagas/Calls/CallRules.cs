namespace Orchestrator.Sagas.Calls;

/// <summary>The bounds of calls, by bus and by HTTP.</summary>
public static class CallRules
{
    /// <summary>Seconds: a year.</summary>
    public const int MaxDelay = 31_536_000;

    public const int MaxPriority = 2;
    public const int MaxRetries = 25;

    /// <summary>Seconds: a day.</summary>
    public const int MaxRetryDelay = 86_400;

    /// <summary>Seconds.</summary>
    public const int DefaultRetryDelay = 60;

    public const int MaxUrlLength = 2000;

    /// <summary>Bytes of a payload that travels in a message.</summary>
    public const int MaxMessagePayload = 64 * 1024;

    /// <summary>Why outcomes cannot be posted to an address; null when they can. Where it leads is checked when it is used.</summary>
    public static string? CallbackProblem(string url) =>
        url.Length <= MaxUrlLength && !url.Any(char.IsControl) && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) && uri.UserInfo.Length == 0
            ? null
            : $"it must be an http or https URL of at most {MaxUrlLength} characters without a user name";
}
