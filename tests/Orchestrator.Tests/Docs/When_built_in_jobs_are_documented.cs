using System.Text;
using System.Text.Json;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Docs;

[Collection(nameof(SharedApi))]
public sealed class When_built_in_jobs_are_documented(SharedApi api)
{
    private const string Heading = "## Built-in jobs\n";

    [Fact]
    public async Task Should_list_every_parameter_that_the_schema_has()
    {
        var (_, schema) = await api.AskAsync("GET", "/api/v1/schemas/action");
        var page = Path.Combine(Checkout.Root, "docs", "declarative-actions.md");
        var text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        var start = text.IndexOf(Heading, StringComparison.Ordinal);
        var rendered = (start < 0 ? text : text[..start]) + Render(schema.GetProperty("$defs"));

        if (!string.Equals(text, rendered, StringComparison.Ordinal))
        {
            var fresh = Checkout.RunDirectory("declarative-actions.md");
            await File.WriteAllTextAsync(fresh, rendered, TestContext.Current.CancellationToken);
            Assert.Fail($"docs/declarative-actions.md does not say what the built-in jobs take. Compare it with {fresh}, and copy that over.");
        }
    }

    private static string Render(JsonElement jobs)
    {
        var page = new StringBuilder(Heading);
        foreach (var job in jobs.EnumerateObject())
        {
            page.Append($"\n### {job.Name}\n\n{job.Value.GetProperty("description").GetString()}\n\n| parameter | type | meaning |\n|---|---|---|\n");
            Append(page, job.Value, "");
        }

        return page.ToString();
    }

    private static void Append(StringBuilder page, JsonElement schema, string prefix)
    {
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
        foreach (var property in schema.GetProperty("properties").EnumerateObject())
        {
            // A reference may stand in place of every value.
            var value = property.Value.TryGetProperty("anyOf", out var choices) ? choices[0] : property.Value;
            var meaning = value.TryGetProperty("description", out var description) ? description.GetString() : "";
            page.Append($"| `{prefix}{property.Name}` | {Type(value)} | {meaning}{(required.Contains(property.Name) ? " Required." : "")} |\n");
            if (value.TryGetProperty("properties", out _))
                Append(page, value, $"{prefix}{property.Name}.");
        }
    }

    private static string Type(JsonElement schema)
    {
        if (schema.TryGetProperty("enum", out var values))
            return string.Join(", ", values.EnumerateArray().Select(value => $"`{value}`"));
        if (schema.TryGetProperty("format", out var format) && format.GetString() is "x-duration" or "date-time" or "uri")
            return format.GetString() switch { "x-duration" => "duration", "uri" => "URL", _ => "time" };
        if (!schema.TryGetProperty("type", out var type))
            return "any";
        return type.ValueKind is JsonValueKind.Array ? string.Join(" or ", type.EnumerateArray().Select(one => one.GetString())) : type.GetString()!;
    }
}
