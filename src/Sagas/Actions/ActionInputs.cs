using System.Text.Json;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions;

/// <summary>Checks the input of a deployment where it is asked for, as far as this process knows the action's type.</summary>
public static class ActionInputs
{
    /// <summary>What is wrong with an input; null when nothing is, or when this process cannot tell.</summary>
    public static string? Problem(ActionRegistry registry, JobList list, JsonElement? input)
    {
        if (registry.FindByHash(list.Hash) is not { } action || action.InputType == typeof(Nil))
            return null;
        try
        {
            var value = new JobValue(list.InputType, input is { ValueKind: not JsonValueKind.Undefined } given ? given.GetRawText() : "{}");
            DataTypes.Read(value, action.InputType);
            return null;
        }
        catch (Exception exception) when (exception is JsonException or EntryWithoutDataException)
        {
            return exception is EntryWithoutDataException
                ? $"'input' must not be null: action {list.Action} takes {list.InputType}."
                : $"'input' is not what action {list.Action} takes, {list.InputType}: {exception.Message}";
        }
    }
}
