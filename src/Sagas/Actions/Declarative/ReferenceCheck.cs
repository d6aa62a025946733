using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>
/// Checks every reference of a definition: it points to a declared member of the input or into the output of a job that
/// has run by then, and the type of what it finds there, where that is known, is one that the parameter takes.
/// </summary>
internal sealed class ReferenceCheck(IReadOnlyList<DeclaredJob> jobs, IReadOnlyDictionary<string, DeclaredInput>? input, DefinitionReader.ErrorList errors)
{
    private readonly JsonObject _input = input is null
        ? []
        : new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject(input.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value.Schema.DeepClone()))),
        };

    public void Run()
    {
        for (var i = 0; i < jobs.Count; i++)
        {
            foreach (var (name, value) in jobs[i].With)
            {
                var isRollback = jobs[i].Uses.RollbackParameters.Contains(name, StringComparer.Ordinal);
                Check(value, ["jobs", $"{i}", "with", name], i, isRollback, SchemaCheck.At(jobs[i].Uses.Schema, name));
            }
        }
    }

    private void Check(JsonNode? value, IReadOnlyList<string> at, int job, bool isRollback, JsonObject? schema)
    {
        switch (value)
        {
            case JsonObject obj:
                foreach (var (name, member) in obj)
                    Check(member, [.. at, name], job, isRollback, SchemaCheck.At(schema, name));
                break;
            case JsonArray array:
                for (var i = 0; i < array.Count; i++)
                    Check(array[i], [.. at, $"{i}"], job, isRollback, SchemaCheck.At(schema, $"{i}"));
                break;
            case JsonValue scalar when scalar.TryGetValue<string>(out var text) && TextTemplate.HasReference(text):
                CheckText(text, at, job, isRollback, schema);
                break;
        }
    }

    private void CheckText(string text, IReadOnlyList<string> at, int job, bool isRollback, JsonObject? schema)
    {
        TextTemplate template;
        try
        {
            template = TextTemplate.Parse(text);
        }
        catch (FormatException exception)
        {
            errors.Add(at, exception.Message);
            return;
        }

        var allowed = SchemaCheck.Types(schema);
        if (template.Whole is null && allowed.Count > 0 && !allowed.Contains("string", StringComparer.Ordinal))
        {
            errors.Add(at, $"it must be {string.Join(" or ", allowed.Select(SchemaCheck.Words))}: a reference that makes it must stand alone, as in '${{...}}'.");
            return;
        }

        foreach (var reference in template.References)
        {
            var (shape, problem) = Shape(reference, job, isRollback);
            if (problem is not null)
                errors.Add(at, problem);
            else if (template.Whole is not null && Clash(SchemaCheck.Types(shape), allowed) is { } clash)
                errors.Add(at, $"${{{reference.Text}}} is {clash}, but {string.Join(" or ", allowed.Select(SchemaCheck.Words))} is needed here.");
            else if (template.Whole is null && SchemaCheck.Types(shape) is ["object" or "array"])
                errors.Add(at, $"${{{reference.Text}}} is {SchemaCheck.Words(SchemaCheck.Types(shape)[0])} and cannot stand in a text.");
        }
    }

    private (JsonObject? Shape, string? Problem) Shape(Reference reference, int job, bool isRollback)
    {
        switch (reference.Root)
        {
            case Reference.Deployment:
                return (new JsonObject { ["type"] = "string" }, null);
            case Reference.Input:
                return Follow(_input, reference, "the input has");
        }

        var target = -1;
        for (var i = 0; i < jobs.Count && target < 0; i++)
            target = string.Equals(jobs[i].Name, reference.Job, StringComparison.Ordinal) ? i : -1;
        if (target < 0)
            return (null, $"${{{reference.Text}}}: there is no job '{reference.Job}'; jobs before this one: {Names(job)}.");
        if (target > job)
            return (null, $"${{{reference.Text}}}: job '{reference.Job}' comes later; only jobs before this one have an output: {Names(job)}.");
        if (target == job && !isRollback)
            return (null, $"${{{reference.Text}}}: a job cannot use its own output{(jobs[job].Uses.RollbackParameters is { Count: > 0 } late ? $", but in {string.Join(", ", late)}" : "")}.");
        return Follow(jobs[target].Uses.OutputOf(jobs[target].With), reference, $"the output of '{reference.Job}' has");
    }

    private string Names(int job) => job == 0 ? "none" : string.Join(", ", jobs.Take(job).Select(earlier => earlier.Name));

    private static (JsonObject? Shape, string? Problem) Follow(JsonObject shape, Reference reference, string owner)
    {
        var current = shape;
        var way = owner;
        foreach (var step in reference.Path.Steps)
        {
            var types = SchemaCheck.Types(current);
            if (types.Count > 0 && !types.Contains("object", StringComparer.Ordinal) && !types.Contains("array", StringComparer.Ordinal))
                return (null, $"${{{reference.Text}}}: '{step}' looks into {SchemaCheck.Words(types[0])}, which has no members.");
            if (current["properties"]?[step] is JsonObject member)
            {
                (current, way) = (member, $"'{step}' has");
                continue;
            }

            if (current["additionalProperties"] is JsonValue closed && closed.TryGetValue<bool>(out var isOpen) && !isOpen)
            {
                var known = current["properties"] is JsonObject { Count: > 0 } properties ? string.Join(", ", properties.Select(property => property.Key)) : "none";
                return (null, $"${{{reference.Text}}}: {way} no member '{step}'; it has {known}.");
            }

            (current, way) = (SchemaCheck.At(current, step) ?? [], $"'{step}' has");
        }

        return (current, null);
    }

    // Numbers and truth values become text where text is needed.
    private static string? Clash(IReadOnlyList<string> actual, IReadOnlyList<string> allowed)
    {
        if (actual.Count == 0 || allowed.Count == 0)
            return null;
        var fits = actual.Any(type => allowed.Contains(type, StringComparer.Ordinal)
            || (type is "integer" && allowed.Contains("number", StringComparer.Ordinal))
            || (type is "number" && allowed.Contains("integer", StringComparer.Ordinal))
            || (type is "integer" or "number" or "boolean" && allowed.Contains("string", StringComparer.Ordinal)));
        return fits ? null : string.Join(" or ", actual.Select(SchemaCheck.Words));
    }
}
