using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Something that a schema does not allow.</summary>
/// <param name="Steps">Where: names and indices.</param>
/// <param name="Problem">What is wrong and what is allowed.</param>
/// <param name="IsName">True when the member should not be there at all.</param>
public sealed record SchemaProblem(IReadOnlyList<string> Steps, string Problem, bool IsName = false);

/// <summary>Checks values against a JSON Schema and says in words what does not fit.</summary>
public sealed class SchemaCheck
{
    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List };

    private readonly JsonObject _schema;
    private readonly JsonSchema _compiled;

    public SchemaCheck(JsonObject schema) =>
        (_schema, _compiled) = (schema, JsonSchema.FromText(ParameterSchema.WithoutOwnKeywords(schema)!.ToJsonString()));

    /// <summary>What does not fit.</summary>
    /// <param name="value">The value.</param>
    /// <param name="passReferences">True: a text with a reference may stand for anything.</param>
    public IReadOnlyList<SchemaProblem> Problems(JsonNode? value, bool passReferences)
    {
        var results = _compiled.Evaluate(JsonSerializer.SerializeToElement(value), Options);
        var problems = new List<SchemaProblem>();
        if (!results.IsValid)
        {
            foreach (var details in (results.Details ?? []).Prepend(results))
                Add(problems, details, value);
        }

        CheckDurations(problems, _schema, value, []);
        return [.. problems.Where(problem => !passReferences || !IsReference(value, problem.Steps)).DistinctBy(problem => (string.Join('/', problem.Steps), problem.Problem))];
    }

    /// <summary>The schema of the value at a place; null where the schema says nothing.</summary>
    public static JsonObject? At(JsonObject? schema, string step) =>
        schema?["properties"]?[step] as JsonObject ?? schema?["items"] as JsonObject ?? schema?["additionalProperties"] as JsonObject;

    /// <summary>The types that a schema allows; empty: any.</summary>
    public static IReadOnlyList<string> Types(JsonObject? schema) => schema?["type"] switch
    {
        JsonArray types => [.. types.Select(type => type!.GetValue<string>())],
        JsonValue type => [type.GetValue<string>()],
        _ => [],
    };

    /// <summary>A type of JSON in words.</summary>
    internal static string Words(string type) => type switch
    {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        _ => "null",
    };

    private static bool IsReference(JsonNode? value, IReadOnlyList<string> steps) =>
        new ValuePath(steps).Find(value) is (true, JsonValue scalar) && scalar.TryGetValue<string>(out var text) && TextTemplate.HasReference(text);

    private void Add(List<SchemaProblem> problems, EvaluationResults results, JsonNode? value)
    {
        if (results.Errors is null)
            return;
        var steps = Split(results.InstanceLocation.ToString());
        var path = Split(results.EvaluationPath.ToString());
        if (path is [.., "additionalProperties"] && results.Errors.ContainsKey(""))
        {
            var known = SchemaAt(steps[..^1])?["properties"] as JsonObject;
            problems.Add(new SchemaProblem(steps, $"'{steps[^1]}' is not known here{(known is null ? "" : $"; known are {string.Join(", ", known.Select(property => property.Key))}")}.", IsName: true));
            return;
        }

        var isName = path.Contains("propertyNames", StringComparer.Ordinal);
        var schema = isName ? SchemaAt(steps)?["propertyNames"] as JsonObject : SchemaAt(steps);
        foreach (var (keyword, message) in results.Errors)
            problems.AddRange(Explain(keyword, message, schema, new ValuePath(steps).Find(value).Value).Select(problem => new SchemaProblem(steps, problem, isName)));
    }

    private static IEnumerable<string> Explain(string keyword, string message, JsonObject? schema, JsonNode? value)
    {
        var limit = schema?[keyword];
        switch (keyword)
        {
            case "type":
                yield return $"it must be {string.Join(" or ", Types(schema).Select(Words))}, not {Actual(value)}.";
                break;
            case "required":
                foreach (var name in limit!.AsArray().Select(name => name!.GetValue<string>()).Where(name => value is JsonObject obj && !obj.ContainsKey(name)))
                    yield return $"'{name}' is missing.";
                break;
            case "enum":
                yield return $"it must be one of {string.Join(", ", limit!.AsArray().Select(allowed => allowed?.ToString()))}.";
                break;
            case "minimum":
                yield return $"it must be at least {limit}.";
                break;
            case "maximum":
                yield return $"it must be at most {limit}.";
                break;
            case "minLength" or "minItems" or "minProperties":
                yield return limit!.GetValue<int>() == 1 ? "it must not be empty." : $"it must have at least {limit}.";
                break;
            case "maxLength":
                yield return $"it must have at most {limit} characters.";
                break;
            case "maxItems" or "maxProperties":
                yield return $"it must have at most {limit} entries.";
                break;
            case "pattern" when FormatOf(schema) is ParameterSchema.DurationFormat:
                yield return $"it must be {Duration.Expected}.";
                break;
            case "pattern":
                yield return $"it must match {limit}.";
                break;
            case "" or "format": // Those who take a value of a format say better what is wrong with it.
                break;
            default:
                yield return $"{message.TrimEnd('.')}.";
                break;
        }
    }

    private static string? FormatOf(JsonObject? schema) => (string?)schema?["format"];

    private static string Actual(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        _ => "null",
    };

    private JsonObject? SchemaAt(IEnumerable<string> steps) => steps.Aggregate((JsonObject?)_schema, At);

    private static string[] Split(string pointer) =>
        [.. pointer.Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    private static void CheckDurations(List<SchemaProblem> problems, JsonObject? schema, JsonNode? value, List<string> steps)
    {
        switch (value)
        {
            case JsonObject obj:
                foreach (var (name, member) in obj)
                    CheckDurations(problems, At(schema, name), member, [.. steps, name]);
                break;
            case JsonArray array:
                for (var i = 0; i < array.Count; i++)
                    CheckDurations(problems, At(schema, ""), array[i], [.. steps, i.ToString(CultureInfo.InvariantCulture)]);
                break;
            case JsonValue scalar when schema is not null && schema[ParameterSchema.Least] is { } least && scalar.TryGetValue<string>(out var text) && Duration.Parse(text) is { } duration:
                var (from, to) = (Time(least), Time(schema[ParameterSchema.Most]!));
                if (duration < from || duration > to)
                    problems.Add(new SchemaProblem(steps, $"it must be {from:c} to {to:c}."));
                break;
        }
    }

    private static TimeSpan Time(JsonNode limit) => TimeSpan.Parse(limit.GetValue<string>(), CultureInfo.InvariantCulture);
}
