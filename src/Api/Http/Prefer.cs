using System.Globalization;

namespace Orchestrator.Api.Http;

/// <summary>Header <c>Prefer: wait=SECONDS</c> (RFC 7240): the client would rather wait for the end than ask again.</summary>
public static class Prefer
{
    public const int MaxSeconds = 60;

    /// <summary>How long to wait, at most a minute; null without the preference, or when it cannot be read, as the RFC has it.</summary>
    public static TimeSpan? Wait(HttpRequest request)
    {
        foreach (var preference in request.Headers["Prefer"].SelectMany(value => (value ?? "").Split([',', ';'], StringSplitOptions.TrimEntries)))
        {
            if (preference.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value]
                && name.Equals("wait", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                return TimeSpan.FromSeconds(Math.Min(seconds, MaxSeconds));
        }

        return null;
    }

    /// <summary>Says in the answer that the preference was honoured.</summary>
    public static void Applied(HttpResponse response, TimeSpan wait) =>
        response.Headers["Preference-Applied"] = $"wait={(int)wait.TotalSeconds}";
}
