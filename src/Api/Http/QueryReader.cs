using System.Globalization;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Api.Http;

/// <summary>Reads query parameters and collects what is wrong with them; ask <see cref="Demand"/> when all are read.</summary>
public sealed class QueryReader(HttpRequest request)
{
    public const int MaxTextLength = 200;

    private readonly FieldErrors _errors = new();

    /// <summary>Text of 1 to 200 characters, or null when absent.</summary>
    public string? Text(string name, int maxLength = MaxTextLength)
    {
        var text = Single(name);
        if (text is null || IsText(text, maxLength))
            return text;
        _errors.Add(name, $"'{name}' must be text of 1 to {maxLength} characters without control characters.");
        return null;
    }

    /// <summary>Where the page before ended, or null to begin.</summary>
    public string? Cursor() => Text("cursor", maxLength: 4000);

    /// <summary>Every value of a parameter that may be repeated.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        var texts = request.Query[name];
        if (texts.Count > 100 || texts.Any(text => !IsText(text, MaxTextLength)))
            _errors.Add(name, $"'{name}' must be given at most 100 times, as text of 1 to {MaxTextLength} characters without control characters.");
        return [.. texts.OfType<string>()];
    }

    public int? Integer(string name, int least, int most)
    {
        var text = Single(name);
        if (text is null)
            return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        _errors.Add(name, $"'{name}' must be a whole number from {least} to {most}.");
        return null;
    }

    public bool? Flag(string name)
    {
        switch (Single(name))
        {
            case null: return null;
            case "true": return true;
            case "false": return false;
            default:
                _errors.Add(name, $"'{name}' must be true or false.");
                return null;
        }
    }

    public DateTimeOffset? Time(string name)
    {
        // A plus that the client forgot to escape arrives as a space.
        var text = Single(name)?.Replace(' ', '+');
        if (text is null)
            return null;
        if (Rfc3339.TryParse(text, out var time) && Sagas.Jobs.JobRules.IsTime(time))
            return time;
        _errors.Add(name, $"'{name}' must be {Rfc3339.Expected}, between the years 1970 and 9998.");
        return null;
    }

    public string? OneOf(string name, params IReadOnlyList<string> allowed)
    {
        var text = Single(name);
        if (text is null || allowed.Contains(text, StringComparer.Ordinal))
            return text;
        _errors.Add(name, $"'{name}' must be one of {string.Join(", ", allowed)}.");
        return null;
    }

    /// <summary>Refuses every other parameter: for routes where a misspelt one, left alone, would come to mean all.</summary>
    public void Only(params IReadOnlyList<string> known)
    {
        foreach (var name in request.Query.Keys.Where(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)))
            _errors.Add(name, $"'{name}' is no parameter of this route, which takes {string.Join(", ", known)}.");
    }

    /// <exception cref="ProblemException">A parameter is wrong.</exception>
    public void Demand() => _errors.Demand();

    private string? Single(string name)
    {
        var values = request.Query[name];
        if (values.Count > 1)
            _errors.Add(name, $"'{name}' must be given once.");
        return values.Count == 0 ? null : values[0] ?? "";
    }

    private static bool IsText(string? text, int maxLength) =>
        text is { Length: > 0 } && text.Length <= maxLength && !text.Any(char.IsControl);
}
