using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Sagas.Actions.BuiltIn;

/// <summary>HTTP statuses: in definitions one number or a list of them.</summary>
[JsonConverter(typeof(Converter))]
[ParameterSchema("""{"type":["integer","array"],"minimum":100,"maximum":599,"items":{"type":"integer","minimum":100,"maximum":599},"minItems":1,"maxItems":50}""")]
public sealed class StatusList(IReadOnlyList<int> statuses)
{
    public bool Contains(int status) => statuses.Contains(status);

    public override string ToString() => string.Join(", ", statuses);

    internal sealed class Converter : JsonConverter<StatusList>
    {
        public override StatusList Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType is JsonTokenType.Number ? new([reader.GetInt32()]) : new(JsonSerializer.Deserialize<int[]>(ref reader, options) ?? []);

        public override void Write(Utf8JsonWriter writer, StatusList value, JsonSerializerOptions options) => throw new NotSupportedException();
    }
}
