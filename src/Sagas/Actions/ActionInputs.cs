using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Sagas.Actions;

/// <summary>Checks the input of a deployment where it is asked for, as far as this process knows the action's type.</summary>
public static class ActionInputs
{
    private static readonly ConcurrentDictionary<string, SchemaCheck> Checks = new(StringComparer.Ordinal);

    /// <summary>What is wrong with an input; null when nothing is, or when this process cannot tell.</summary>
    public static string? Problem(ActionRegistry registry, JobList list, JsonElement? input)
    {
        if (list.InputSchema is { } schema && SchemaProblem(list, schema, input) is { } unfit)
            return unfit;
        if (registry.FindByHash(list.Hash) is not { } action || action.InputType == typeof(Nil))
            return null;
        try
        {
            var value = new JobValue(list.InputType, input is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } given ? given.GetRawText() : "{}");
            DataTypes.Read(value, action.InputType);
            return null;
        }
        catch (JsonException exception)
        {
            return $"'input' is not what action {list.Action} takes, {list.InputType}: {exception.Message}";
        }
    }

    private static string? SchemaProblem(JobList list, string schema, JsonElement? input)
    {
        var check = Checks.GetOrAdd(list.Hash, static (_, text) => new SchemaCheck(JsonNode.Parse(text)!.AsObject()), schema);
        var value = input is { ValueKind: not JsonValueKind.Undefined } given ? JsonSerializer.SerializeToNode(given) : new JsonObject();
        var problems = check.Problems(value, passReferences: false);
        return problems.Count == 0
            ? null
            : string.Join(' ', problems.Select(problem => $"'{string.Join('.', problem.Steps.Prepend("input"))}': {problem.Problem}"));
    }
}
