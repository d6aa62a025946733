using System.Globalization;
using Orchestrator.Api.Http;

namespace Orchestrator.Api.Instances;

/// <summary>64-bit ids in paths and queries.</summary>
internal static class PathIds
{
    /// <summary>The id, or null for a number that no row can have.</summary>
    /// <exception cref="ProblemException">It is no whole number.</exception>
    public static long? Of(string name, string text)
    {
        if (text.Length == 0 || !text.AsSpan(text[0] == '-' ? 1 : 0).ContainsAnyInRange('0', '9') || text.AsSpan(text[0] == '-' ? 1 : 0).ContainsAnyExceptInRange('0', '9'))
            throw FieldErrors.One(name, $"'{name}' must be a whole number.");
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id) && id > 0 ? id : null;
    }
}
