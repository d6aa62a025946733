using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Marks a parameter that is a URL: what references put into it, but at its very beginning, is percent-encoded.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UrlParameterAttribute : Attribute;

/// <summary>Gives a type whose JSON is written by a converter of its own the schema of that JSON.</summary>
/// <param name="schema">JSON Schema.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
public sealed class ParameterSchemaAttribute(string schema) : Attribute
{
    public string Schema => schema;
}

/// <summary>Makes a JSON Schema of a record of parameters: of its types, descriptions, ranges and allowed values.</summary>
public static class ParameterSchema
{
    internal const string UrlFormat = "uri";
    internal const string DurationFormat = "x-duration";
    internal const string Least = "x-minimum";
    internal const string Most = "x-maximum";

    /// <summary>How parameters and outputs are read and written.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new Duration.Converter() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The schema of a type.</summary>
    public static JsonObject Of(Type type)
    {
        var schema = Json.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe });
        return Inline(schema, schema)!.AsObject();
    }

    // What the exporter has written once it refers to; the schema of a part must stand alone.
    private static JsonNode? Inline(JsonNode? node, JsonNode root)
    {
        switch (node)
        {
            case JsonObject obj when (string?)obj["$ref"] is { } reference:
                var target = reference.Split('/').Skip(1).Aggregate((JsonNode?)root, (at, step) => at is JsonArray array ? array[int.Parse(step, CultureInfo.InvariantCulture)] : at?[step]);
                var copy = Inline(target, root)!.AsObject();
                foreach (var (keyword, value) in obj.Where(member => member.Key is not "$ref"))
                    copy[keyword] = value?.DeepClone();
                return copy;
            case JsonObject obj:
                return new JsonObject(obj.Select(member => KeyValuePair.Create(member.Key, Inline(member.Value, root))));
            case JsonArray array:
                return new JsonArray([.. array.Select(item => Inline(item, root))]);
            default:
                return node?.DeepClone();
        }
    }

    /// <summary>A schema without the keywords that are ours: not every validator passes over what it does not know.</summary>
    internal static JsonNode? WithoutOwnKeywords(JsonNode? schema) => schema switch
    {
        JsonObject obj => new JsonObject(obj.Where(member => member.Key is not (Least or Most)).Select(member => KeyValuePair.Create(member.Key, WithoutOwnKeywords(member.Value)))),
        JsonArray array => new JsonArray([.. array.Select(WithoutOwnKeywords)]),
        _ => schema?.DeepClone(),
    };

    private static JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        var node = schema as JsonObject ?? [];
        WithoutNull(node);
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        if (type == typeof(TimeSpan))
            (node["type"], node["format"], node["pattern"]) = ("string", DurationFormat, Duration.Pattern);
        if (type == typeof(DateTimeOffset))
            (node["type"], node["format"]) = ("string", "date-time");
        if (type.GetCustomAttribute<ParameterSchemaAttribute>() is { } own)
        {
            foreach (var (keyword, value) in JsonNode.Parse(own.Schema)!.AsObject())
                node[keyword] = value?.DeepClone();
        }

        if (context.PropertyInfo?.AttributeProvider is not { } member)
            return node;
        foreach (var attribute in member.GetCustomAttributes(inherit: true))
            Add(node, attribute);
        return node;
    }

    private static void Add(JsonObject node, object attribute)
    {
        switch (attribute)
        {
            case DescriptionAttribute description:
                node["description"] = description.Description;
                break;
            case UrlParameterAttribute:
                node["format"] = UrlFormat;
                break;
            case RangeAttribute range when range.OperandType == typeof(TimeSpan):
                (node[Least], node[Most]) = ((string)range.Minimum, (string)range.Maximum);
                break;
            case RangeAttribute range:
                node["minimum"] = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
                node["maximum"] = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
                break;
            case LengthAttribute length when IsArray(node):
                (node["minItems"], node["maxItems"]) = (length.MinimumLength, length.MaximumLength);
                break;
            case LengthAttribute length:
                (node["minLength"], node["maxLength"]) = (length.MinimumLength, length.MaximumLength);
                break;
            case RegularExpressionAttribute expression:
                node["pattern"] = expression.Pattern;
                break;
            case AllowedValuesAttribute allowed:
                node["enum"] = new JsonArray([.. allowed.Values.Select(value => JsonSerializer.SerializeToNode(value, Json))]);
                break;
            case DefaultValueAttribute standard:
                node["default"] = JsonSerializer.SerializeToNode(standard.Value, Json);
                break;
        }
    }

    // A parameter that is not wanted is left out: null says nothing.
    private static void WithoutNull(JsonObject node)
    {
        if (node["type"] is JsonArray types)
        {
            JsonNode?[] others = [.. types.Where(type => type!.GetValue<string>() is not "null").Select(type => type!.DeepClone())];
            node["type"] = others is [var one] ? one : new JsonArray(others);
        }

        node.Remove("default");
    }

    private static bool IsArray(JsonObject node) =>
        node["type"] switch
        {
            JsonArray types => types.Any(type => type!.GetValue<string>() is "array"),
            { } type => type.GetValue<string>() is "array",
            _ => false,
        };
}
