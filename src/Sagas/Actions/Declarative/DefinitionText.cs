using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>The languages in which definitions are written.</summary>
public enum DefinitionFormat
{
    Yaml,
    Json,
}

/// <summary>Reads the text of a definition.</summary>
public static class DefinitionText
{
    /// <summary>The longest definition, in characters.</summary>
    public const int MaxLength = 256 * 1024;

    internal const int MaxDepth = 32;

    /// <exception cref="InvalidDefinitionException">The text is not in that language.</exception>
    public static SourceNode Parse(string text, DefinitionFormat format)
    {
        if (text.Length > MaxLength)
            throw Invalid(1, 1, $"the definition is longer than {MaxLength} characters.");
        return format is DefinitionFormat.Json ? JsonSource.Parse(text) : YamlSource.Parse(text);
    }

    internal static InvalidDefinitionException Invalid(long line, long column, string problem) =>
        new([new DefinitionError((int)line, (int)column, "", problem)]);

    internal static SourceScalar Text(string value, int line, int column) => new(line, column, JsonValue.Create(value));
}
