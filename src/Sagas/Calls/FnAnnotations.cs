using System.Text;
using System.Text.Json;

namespace Orchestrator.Sagas.Calls;

/// <summary>Annotations of apps, fns and triggers: keys in order, values as JSON without white space.</summary>
public static class FnAnnotations
{
    public const int MaxKeyBytes = 128;
    public const int MaxValueBytes = 512;
    public const int MaxKeys = 100;

    /// <summary>Set to true it lets a fn or a trigger be invoked without a token.</summary>
    public const string Public = "orchestrator/public";

    /// <summary>What a new resource gets.</summary>
    /// <exception cref="FnException">A key or a value is not allowed.</exception>
    public static SortedDictionary<string, string> Create(IReadOnlyDictionary<string, JsonElement>? given)
    {
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in given ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal))
        {
            DemandKey(key);
            if (IsEmpty(value))
                throw new FnException(FnErrors.AnnotationValueInvalid);
            annotations[key] = Compact(value);
        }

        DemandCount(annotations);
        return annotations;
    }

    /// <summary>What is left after a change: an empty value removes its key.</summary>
    /// <inheritdoc cref="Create" path="/exception"/>
    public static SortedDictionary<string, string> Merge(
        SortedDictionary<string, string> present, IReadOnlyDictionary<string, JsonElement>? change)
    {
        var annotations = new SortedDictionary<string, string>(present, StringComparer.Ordinal);
        foreach (var (key, value) in change ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal))
        {
            DemandKey(key);
            if (IsEmpty(value))
                annotations.Remove(key);
            else
                annotations[key] = Compact(value);
        }

        DemandCount(annotations);
        return annotations;
    }

    private static bool IsEmpty(JsonElement value) =>
        value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined
        || (value.ValueKind is JsonValueKind.String && value.ValueEquals(""));

    private static string Compact(JsonElement value)
    {
        var text = JsonSerializer.Serialize(value, FnJson.Options);
        return Encoding.UTF8.GetByteCount(text) <= MaxValueBytes ? text : throw new FnException(FnErrors.AnnotationValueTooLong);
    }

    private static void DemandKey(string key)
    {
        if (key.Length == 0 || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new FnException(FnErrors.AnnotationKeyInvalid);
        if (key.Length > MaxKeyBytes)
            throw new FnException(FnErrors.AnnotationKeyTooLong);
    }

    private static void DemandCount(SortedDictionary<string, string> annotations)
    {
        if (annotations.Count > MaxKeys)
            throw new FnException(FnErrors.TooManyAnnotations);
    }
}
