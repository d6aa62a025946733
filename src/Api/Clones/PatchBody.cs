using System.Text.Json;
using Orchestrator.Api.Http;

namespace Orchestrator.Api.Clones;

/// <summary>The body of a PATCH: what it names is changed, and it may name nothing else.</summary>
internal static class PatchBody
{
    /// <summary>Reads it, and tells which fields it names.</summary>
    /// <typeparam name="TPatch">What can be changed.</typeparam>
    /// <typeparam name="TBody">What can be read.</typeparam>
    /// <exception cref="ProblemException">It is malformed, or names a field that is unknown or cannot be changed.</exception>
    public static async Task<(TPatch Patch, IReadOnlySet<string> Named)> ReadAsync<TPatch, TBody>(HttpContext http, string what)
        where TPatch : class
    {
        var named = (await RequestBody.ReadJsonAsync<Dictionary<string, JsonElement>>(http)).Keys.ToHashSet(StringComparer.Ordinal);
        var (changeable, readable) = (NamesOf(typeof(TPatch)), NamesOf(typeof(TBody)));
        var errors = new FieldErrors();
        foreach (var name in named.Where(name => !changeable.Contains(name)))
        {
            errors.Add(name, readable.Contains(name)
                ? $"'{name}' cannot be changed, but {string.Join(", ", changeable)} can."
                : $"'{name}' is no field of {what}; {string.Join(", ", changeable)} can be changed.");
        }

        errors.Demand();
        return (await RequestBody.ReadJsonAsync<TPatch>(http), named);
    }

    private static List<string> NamesOf(Type type) => [.. JsonFormat.Options.GetTypeInfo(type).Properties.Select(property => property.Name)];
}
