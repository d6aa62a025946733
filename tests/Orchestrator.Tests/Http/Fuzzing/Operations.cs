using System.Text.Json;

namespace Orchestrator.Tests.Http.Fuzzing;

/// <summary>An operation of the OpenAPI document, with what is needed to call it well and badly.</summary>
internal sealed record Operation(
    string Method, string Path, IReadOnlyList<Parameter> Parameters, string? Body, IReadOnlyList<string> Fields);

internal sealed record Parameter(string Name, string In, string Example);

internal static class Operations
{
    public static IReadOnlyList<Operation> Of(JsonElement document) =>
    [
        .. from path in document.GetProperty("paths").EnumerateObject()
           from operation in path.Value.EnumerateObject()
           select Of(document, path.Name, operation),
    ];

    private static Operation Of(JsonElement document, string path, JsonProperty operation)
    {
        var parameters = operation.Value.TryGetProperty("parameters", out var list)
            ? list.EnumerateArray().Select(Parameter).ToList()
            : [];
        if (!operation.Value.TryGetProperty("requestBody", out var body))
            return new Operation(operation.Name.ToUpperInvariant(), path, parameters, null, []);
        var json = body.GetProperty("content").GetProperty("application/json");
        var schema = json.GetProperty("schema").GetProperty("$ref").GetString()!.Split('/')[^1];
        var fields = document.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties");
        return new Operation(
            operation.Name.ToUpperInvariant(), path, parameters, json.GetProperty("example").GetRawText(),
            [.. fields.EnumerateObject().Select(field => field.Name)]);
    }

    private static Parameter Parameter(JsonElement parameter) => new(
        parameter.GetProperty("name").GetString()!,
        parameter.GetProperty("in").GetString()!,
        parameter.TryGetProperty("example", out var example) ? example.ToString() : "a");
}
