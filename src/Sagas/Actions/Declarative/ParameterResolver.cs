using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Fills in the references of a job's parameters from what the deployment has stored.</summary>
/// <param name="action">Whose jobs are meant.</param>
/// <param name="context">Of the job that runs.</param>
internal sealed class ParameterResolver(DeclaredAction action, JobContext context)
{
    /// <summary>Under this kind a job keeps its output for its own rollback.</summary>
    public const string OutputKind = "output";

    private readonly Dictionary<string, JsonNode?> _roots = new(StringComparer.Ordinal);

    /// <exception cref="UnresolvedReferenceException">A reference has no value.</exception>
    public async Task<JsonObject> ResolveAsync(JsonObject with, JsonObject schema) =>
        (await ResolveAsync(with, schema, isUrl: false))!.AsObject();

    private async Task<JsonNode?> ResolveAsync(JsonNode? value, JsonObject? schema, bool isUrl)
    {
        switch (value)
        {
            case JsonObject obj:
                var members = new JsonObject();
                foreach (var (name, member) in obj)
                {
                    var memberSchema = SchemaCheck.At(schema, name);
                    members[name] = await ResolveAsync(member, memberSchema, (string?)memberSchema?["format"] is ParameterSchema.UrlFormat);
                }

                return members;
            case JsonArray array:
                var items = new JsonArray();
                foreach (var item in array)
                    items.Add(await ResolveAsync(item, SchemaCheck.At(schema, ""), isUrl: false));
                return items;
            case JsonValue scalar when scalar.TryGetValue<string>(out var text) && TextTemplate.HasReference(text):
                return await FillInAsync(TextTemplate.Parse(text), SchemaCheck.Types(schema), isUrl);
            default:
                return value?.DeepClone();
        }
    }

    private async Task<JsonNode?> FillInAsync(TextTemplate template, IReadOnlyList<string> types, bool isUrl)
    {
        if (template.Whole is { } whole)
        {
            var value = await FindAsync(whole);
            return types is ["string"] && value?.GetValueKind() is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
                ? JsonValue.Create(Text(whole, value))
                : value?.DeepClone();
        }

        var text = new System.Text.StringBuilder();
        foreach (var part in template.Parts)
        {
            if (part.Reference is null)
                text.Append(part.Literal);
            else if (isUrl && text.Length > 0)
                text.Append(Uri.EscapeDataString(Text(part.Reference, await FindAsync(part.Reference))));
            else
                text.Append(Text(part.Reference, await FindAsync(part.Reference)));
        }

        return JsonValue.Create(text.ToString());
    }

    private static string Text(Reference reference, JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.ToJsonString(),
        JsonValueKind.Object or JsonValueKind.Array => throw new UnresolvedReferenceException(reference.Text, "it is no text, number or truth value, and cannot stand in a text"),
        _ => throw new UnresolvedReferenceException(reference.Text, "it is null"),
    };

    private async Task<JsonNode?> FindAsync(Reference reference)
    {
        if (reference.Root is Reference.Deployment)
            return DeploymentMember(reference.Path.Steps[0]);
        var root = await RootAsync(reference);
        var (exists, value) = reference.Path.Find(root);
        if (exists)
            return value;
        if (reference.Root is Reference.Input && Default(reference) is { } standard)
            return standard;
        throw new UnresolvedReferenceException(reference.Text, reference.Root is Reference.Input ? "the input has no such member" : $"job '{reference.Job}' returned no such member");
    }

    private JsonNode? Default(Reference reference)
    {
        var steps = reference.Path.Steps;
        return steps.Count > 0 && action.Input?.GetValueOrDefault(steps[0])?.Default is { } standard
            ? new ValuePath([.. steps.Skip(1)]).Find(standard).Value
            : null;
    }

    private JsonValue DeploymentMember(string member) => JsonValue.Create(member switch
    {
        "id" => context.DeploymentId.ToString(),
        "groupId" => context.GroupId,
        "application" => context.Identity.Application,
        _ => context.Identity.Action,
    });

    private async Task<JsonNode?> RootAsync(Reference reference)
    {
        var (job, kind) = Stored(reference);
        var key = string.Create(CultureInfo.InvariantCulture, $"{kind}/{job}");
        if (!_roots.TryGetValue(key, out var root))
        {
            root = await context.GetAsync<JsonObject>(kind, job)
                ?? (reference.Root is Reference.Input ? [] : throw new UnresolvedReferenceException(reference.Text, $"job '{reference.Job}' has no output"));
            _roots[key] = root;
        }

        return root;
    }

    // What a job returned is stored as what the next one was given.
    private (string Job, string Kind) Stored(Reference reference)
    {
        if (reference.Root is Reference.Input)
            return (action.Jobs[0].Name, JobContext.InputKind);
        if (string.Equals(reference.Job, context.Job, StringComparison.Ordinal))
            return (context.Job, OutputKind);
        var next = 1;
        while (!string.Equals(action.Jobs[next - 1].Name, reference.Job, StringComparison.Ordinal))
            next++;
        return (action.Jobs[next].Name, JobContext.InputKind);
    }
}
