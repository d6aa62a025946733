using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Reads a definition and checks all of it: a definition with one error is refused whole, with every error told.</summary>
public sealed class DefinitionReader(BuiltInJobs jobs, DefinitionSchema schema)
{
    private const int MostErrors = 50;

    /// <exception cref="InvalidDefinitionException">It is not a definition that could run; it says where and why.</exception>
    public DeclaredAction Read(string text, DefinitionFormat format)
    {
        var source = DefinitionText.Parse(text, format);
        var errors = new ErrorList(source);
        var definition = source.ToJson();
        errors.Add([], schema.Problems(definition));
        errors.Demand();

        var document = definition!.AsObject();
        document.Remove("$schema");
        var input = Inputs(document["input"] as JsonObject, errors);
        var declared = Jobs(document["jobs"]!.AsArray(), errors);
        errors.Demand();

        new ReferenceCheck(declared, input, errors).Run();
        errors.Demand();
        return Compose(document, input, declared);
    }

    private static DeclaredAction Compose(JsonObject document, IReadOnlyDictionary<string, DeclaredInput>? input, IReadOnlyList<DeclaredJob> declared) => new()
    {
        Key = ActionKey.Of((string?)document["application"], (string?)document["action"]),
        Description = (string?)document["description"],
        RollbackFailure = (string?)document["rollbackFailure"] is "stop" ? RollbackFailurePolicy.Stop : RollbackFailurePolicy.Continue,
        Input = input,
        Jobs = declared,
        Document = (JsonObject)Ordered(document)!,
    };

    private static Dictionary<string, DeclaredInput>? Inputs(JsonObject? members, ErrorList errors)
    {
        if (members is null)
            return null;
        var inputs = new Dictionary<string, DeclaredInput>(StringComparer.Ordinal);
        foreach (var (name, member) in members)
        {
            var details = member as JsonObject;
            var type = details is null ? member!.GetValue<string>() : (string?)details["type"] ?? "any";
            if (!DefinitionSchema.InputTypes.Contains(type, StringComparer.Ordinal))
            {
                errors.Add(["input", name], $"it must be one of {string.Join(", ", DefinitionSchema.InputTypes)}.");
                continue;
            }

            var memberSchema = new JsonObject();
            if (type is not "any")
                memberSchema["type"] = type;
            foreach (var keyword in (string[])["description", "enum", "default"])
            {
                if (details?[keyword] is { } value)
                    memberSchema[keyword] = value.DeepClone();
            }

            var standard = details?["default"];
            if (standard is not null)
                errors.Add(["input", name, "default"], new SchemaCheck(memberSchema).Problems(standard, passReferences: false));
            inputs[name] = new DeclaredInput(type, (bool?)details?["required"] ?? standard is null, standard?.DeepClone(), memberSchema);
        }

        return inputs;
    }

    private List<DeclaredJob> Jobs(JsonArray items, ErrorList errors)
    {
        var declared = new List<DeclaredJob>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i]!.AsObject();
            var name = item["name"]!.GetValue<string>();
            var uses = jobs.Find(item["uses"]!.GetValue<string>())!;
            var with = item["with"]?.AsObject() ?? [];
            string[] at = ["jobs", $"{i}"];
            if (!names.Add(name))
                errors.Add([.. at, "name"], $"there is a job '{name}' already; names of jobs must be unique.");
            errors.Add([.. at, "with"], jobs.CheckOf(uses).Problems(with, passReferences: true));
            errors.Add([.. at, "with"], uses.Check(with));
            var policy = item["policy"].Deserialize<DeclaredPolicy>(ParameterSchema.Json);
            if (policy?.LongestPause < policy?.FirstPause)
                errors.Add([.. at, "policy", "longestPause"], "it must be at least firstPause.");
            declared.Add(new DeclaredJob(name, uses, with, policy));
        }

        return declared;
    }

    private static JsonNode? Ordered(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => KeyValuePair.Create(member.Key, Ordered(member.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Ordered)]),
        _ => node?.DeepClone(),
    };

    /// <summary>What is wrong, with the place of each.</summary>
    internal sealed class ErrorList(SourceNode source)
    {
        private readonly List<DefinitionError> _errors = [];

        public void Add(IReadOnlyList<string> steps, string problem) => Add(steps, [new SchemaProblem([], problem)]);

        public void Add(IReadOnlyList<string> steps, IEnumerable<SchemaProblem> problems)
        {
            foreach (var problem in problems)
            {
                string[] all = [.. steps, .. problem.Steps];
                var node = problem.IsName && all.Length > 0 && source.At(all[..^1]) is SourceObject owner && owner.Names.TryGetValue(all[^1], out var name)
                    ? name
                    : source.At(all);
                _errors.Add(new DefinitionError(node.Line, node.Column, Path(all), problem.Problem));
            }
        }

        public void Demand()
        {
            if (_errors.Count > 0)
                throw new InvalidDefinitionException([.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column).Take(MostErrors)]);
        }

        private static string Path(string[] steps)
        {
            var path = new System.Text.StringBuilder();
            foreach (var step in steps)
            {
                if (int.TryParse(step, out _))
                    path.Append('[').Append(step).Append(']');
                else
                    path.Append(path.Length > 0 ? "." : "").Append(step);
            }

            return path.ToString();
        }
    }
}
