using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>The JSON Schema of a definition: what editors check by, and what we check by.</summary>
public sealed class DefinitionSchema
{
    /// <summary>Types that a member of the input may have.</summary>
    public static readonly IReadOnlyList<string> InputTypes = ["string", "integer", "number", "boolean", "object", "array", "any"];

    private const int MaxJobs = 200;
    private const string Text = """^[^\u0000-\u001f\u007f]*$""";

    private readonly SchemaCheck _structure;

    public DefinitionSchema(BuiltInJobs jobs)
    {
        _structure = new SchemaCheck(Structure(jobs));
        Document = Whole(jobs);
    }

    /// <summary>The whole schema, with the parameters of every built-in job; references are allowed where they are.</summary>
    public JsonObject Document { get; }

    /// <summary>What is wrong with a definition, leaving the parameters of its jobs aside.</summary>
    internal IReadOnlyList<SchemaProblem> Problems(JsonNode? definition) => _structure.Problems(definition, passReferences: false);

    private static JsonObject Structure(BuiltInJobs jobs) => new()
    {
        ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
        ["title"] = "An action of Orchestrator",
        ["type"] = "object",
        ["required"] = new JsonArray("action", "jobs"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["$schema"] = new JsonObject { ["type"] = "string", ["description"] = "For editors: where this schema is." },
            ["action"] = Name("The name of the action."),
            ["application"] = Name("Whose action it is. Default: the generic action of that name."),
            ["description"] = new JsonObject { ["type"] = "string", ["maxLength"] = 2000, ["description"] = "For people." },
            ["rollbackFailure"] = new JsonObject
            {
                ["enum"] = new JsonArray("continue", "stop"),
                ["description"] = "When undoing a job fails: go on with the jobs before it, or stop there. Default: continue.",
            },
            ["input"] = Input(),
            ["jobs"] = new JsonObject
            {
                ["type"] = "array",
                ["description"] = "What is done, in this order; undone in the reverse order.",
                ["minItems"] = 1,
                ["maxItems"] = MaxJobs,
                ["items"] = Job(jobs),
            },
        },
    };

    private static JsonObject Name(string description) =>
        new() { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 100, ["pattern"] = Text, ["description"] = description };

    private static JsonObject Input() => new()
    {
        ["type"] = "object",
        ["description"] = "The members of the input, each by its type or at length. Default: any object is taken.",
        ["propertyNames"] = new JsonObject { ["pattern"] = "^[A-Za-z_][A-Za-z0-9_-]{0,99}$" },
        ["additionalProperties"] = new JsonObject
        {
            ["type"] = new JsonArray("string", "object"),
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject
            {
                ["type"] = new JsonObject { ["enum"] = new JsonArray([.. InputTypes.Select(type => (JsonNode)type)]) },
                ["description"] = new JsonObject { ["type"] = "string", ["maxLength"] = 2000 },
                ["required"] = new JsonObject { ["type"] = "boolean", ["description"] = "Default: true unless there is a default." },
                ["default"] = new JsonObject { ["description"] = "What stands for it when it is left out." },
                ["enum"] = new JsonObject { ["type"] = "array", ["minItems"] = 1, ["maxItems"] = 100 },
            },
        },
    };

    private static JsonObject Job(BuiltInJobs jobs) => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("name", "uses"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["name"] = Name("Unique in the action; ${jobs.NAME.output} refers to it."),
            ["uses"] = new JsonObject
            {
                ["enum"] = new JsonArray([.. jobs.All.Select(job => (JsonNode)job.Name)]),
                ["description"] = "Which built-in job it is.",
            },
            ["description"] = new JsonObject { ["type"] = "string", ["maxLength"] = 2000, ["description"] = "For people." },
            ["with"] = new JsonObject { ["type"] = "object", ["description"] = "The parameters of the built-in job." },
            ["policy"] = ParameterSchema.Of(typeof(DeclaredPolicy)),
        },
    };

    private static JsonObject Whole(BuiltInJobs jobs)
    {
        var schema = Structure(jobs);
        var job = schema["properties"]!["jobs"]!["items"]!.AsObject();
        job["allOf"] = new JsonArray([.. jobs.All.Select(builtIn => Condition(builtIn))]);
        schema["$defs"] = new JsonObject(jobs.All.Select(builtIn => KeyValuePair.Create(builtIn.Name, (JsonNode?)WithReferences(builtIn.Schema, builtIn.Description))));
        return ParameterSchema.WithoutOwnKeywords(schema)!.AsObject();
    }

    private static JsonNode Condition(IBuiltInJob job)
    {
        var then = new JsonObject { ["properties"] = new JsonObject { ["with"] = new JsonObject { ["$ref"] = $"#/$defs/{job.Name}" } } };
        if (job.Schema["required"] is JsonArray { Count: > 0 })
            then["required"] = new JsonArray("with");
        return new JsonObject
        {
            ["if"] = new JsonObject { ["properties"] = new JsonObject { ["uses"] = new JsonObject { ["const"] = job.Name } } },
            ["then"] = then,
        };
    }

    private static JsonObject WithReferences(JsonObject schema, string description)
    {
        var open = (JsonObject)Open(schema, isParameter: false)!;
        open["description"] = description;
        return open;
    }

    // Wherever a value stands, a text with a reference may stand.
    private static JsonNode? Open(JsonNode? schema, bool isParameter)
    {
        if (schema is not JsonObject node)
            return schema?.DeepClone();
        var copy = new JsonObject();
        foreach (var (keyword, value) in node)
        {
            copy[keyword] = keyword switch
            {
                "properties" => new JsonObject(value!.AsObject().Select(property => KeyValuePair.Create(property.Key, Open(property.Value, isParameter: true)))),
                "items" or "additionalProperties" => Open(value, isParameter: true),
                _ => value?.DeepClone(),
            };
        }

        if (!isParameter || (node["type"] is null && node["enum"] is null))
            return copy;
        var reference = new JsonObject { ["type"] = "string", ["pattern"] = @"\$\{" };
        var choice = new JsonObject { ["anyOf"] = new JsonArray(copy, reference) };
        if (node["description"] is { } description)
            choice["description"] = description.DeepClone();
        return choice;
    }
}
