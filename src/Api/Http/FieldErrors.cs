using System.Text.Json;
using FluentValidation.Results;

namespace Orchestrator.Api.Http;

/// <summary>Collects what is wrong, field by field, so that one answer tells it all.</summary>
public sealed class FieldErrors
{
    private readonly Dictionary<string, IReadOnlyList<string>> _errors = new(StringComparer.Ordinal);

    public void Add(string field, string problem) =>
        _errors[field] = _errors.TryGetValue(field, out var earlier) ? [.. earlier, problem] : [problem];

    /// <summary>Takes over what a validator found, under the names that the client wrote.</summary>
    public void Add(IEnumerable<ValidationFailure> failures, JsonNamingPolicy naming)
    {
        foreach (var failure in failures)
        {
            var field = naming.ConvertName(failure.PropertyName);
            var text = failure.FormattedMessagePlaceholderValues is { } values && values.TryGetValue("PropertyName", out var shown)
                ? failure.ErrorMessage.Replace($"'{shown}'", $"'{field}'", StringComparison.Ordinal)
                : failure.ErrorMessage;
            Add(field, text);
        }
    }

    /// <exception cref="ProblemException">Something is wrong.</exception>
    public void Demand()
    {
        if (_errors.Count > 0)
            throw new ProblemException(Errors.InvalidField.Because(string.Join(' ', _errors.Values.SelectMany(e => e))) with { Errors = _errors });
    }

    /// <summary>One wrong field.</summary>
    public static ProblemException One(string field, string problem)
    {
        var errors = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { [field] = [problem] };
        return new ProblemException(Errors.InvalidField.Because(problem) with { Errors = errors });
    }
}
