using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>A value of a definition with the place where it was written.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
public abstract record SourceNode(int Line, int Column)
{
    /// <summary>The value as JSON, without the places.</summary>
    public abstract JsonNode? ToJson();

    /// <summary>The node at a JSON pointer, or the innermost one on the way that exists.</summary>
    public SourceNode At(IReadOnlyList<string> pointer)
    {
        var node = this;
        foreach (var segment in pointer)
        {
            var next = node switch
            {
                SourceObject obj => obj.Members.GetValueOrDefault(segment),
                SourceArray array when int.TryParse(segment, out var index) && index < array.Items.Count => array.Items[index],
                _ => null,
            };
            if (next is null)
                break;
            node = next;
        }

        return node;
    }
}

/// <summary>An object; <see cref="Names"/> says where its members' names stand.</summary>
public sealed record SourceObject(int Line, int Column, IReadOnlyDictionary<string, SourceNode> Members, IReadOnlyDictionary<string, SourceNode> Names)
    : SourceNode(Line, Column)
{
    public override JsonNode ToJson() => new JsonObject(Members.Select(member => KeyValuePair.Create(member.Key, member.Value.ToJson())));
}

/// <summary>An array.</summary>
public sealed record SourceArray(int Line, int Column, IReadOnlyList<SourceNode> Items) : SourceNode(Line, Column)
{
    public override JsonNode ToJson() => new JsonArray([.. Items.Select(item => item.ToJson())]);
}

/// <summary>A text, a number, true, false or null.</summary>
public sealed record SourceScalar(int Line, int Column, JsonValue? Value) : SourceNode(Line, Column)
{
    public override JsonNode? ToJson() => Value?.DeepClone();
}
