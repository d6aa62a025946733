using System.Text.Json;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Api.Http;

/// <summary>Says in the client's words what is wrong with a JSON body.</summary>
public static class JsonProblem
{
    /// <summary>The problem behind an exception of the serializer that was to read a <typeparamref name="T"/>.</summary>
    public static Problem Of<T>(JsonException exception)
    {
        var field = Field(exception.Path);
        if (exception.InnerException is JsonException || IsDuplicate(exception))
            return Errors.MalformedJson.Because($"{Reason(exception)} (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})");
        if (field.Length == 0)
            return Errors.MalformedJson.Because("The body must be a JSON object.");
        var problem = $"'{field}' must be {Expected(typeof(T), field)}.";
        return Errors.InvalidField.Because(problem) with
        {
            Errors = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { [field] = [problem] },
        };
    }

    private static bool IsDuplicate(JsonException exception) => exception.Message.Contains("uplicate", StringComparison.Ordinal);

    // "'}' is invalid after a value. Path: $ | LineNumber: 0 | BytePositionInLine: 9."
    private static string Reason(JsonException exception)
    {
        var text = exception.Message;
        foreach (var tail in (ReadOnlySpan<string>)[" Path: ", " LineNumber: "])
        {
            var at = text.IndexOf(tail, StringComparison.Ordinal);
            if (at > 0)
                text = text[..at];
        }

        return $"The body is not valid JSON: {text}";
    }

    private static string Field(string? path) => path switch
    {
        null or "$" => "",
        _ when path.StartsWith("$.", StringComparison.Ordinal) => path[2..],
        _ => path[1..],
    };

    private static string Expected(Type body, string field)
    {
        var name = field.Split('.', '[')[0];
        var property = JsonFormat.Options.GetTypeInfo(body).Properties
            .FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.Ordinal));
        if (property is null)
            return "of another type";
        return field.Contains('[', StringComparison.Ordinal)
            ? Named(property.PropertyType.GenericTypeArguments.FirstOrDefault() ?? typeof(string))
            : Named(property.PropertyType);
    }

    private static string Named(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(int))
            return $"a whole number from {int.MinValue} to {int.MaxValue}";
        if (type == typeof(bool))
            return "true or false";
        if (type == typeof(string))
            return "text";
        if (type == typeof(DateTimeOffset))
            return Rfc3339.Expected;
        if (type == typeof(Guid))
            return "a UUID";
        return type.IsAssignableTo(typeof(System.Collections.IEnumerable))
            ? $"a list, each entry {Named(type.GenericTypeArguments.FirstOrDefault() ?? typeof(string))}"
            : "a JSON object";
    }
}
