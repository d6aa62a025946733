using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// JSON as the original's clients write and read it: snake_case, names in whatever case, unknown ones skipped, times
/// with three digits of a second.
/// </summary>
public static class FnJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new FnTimeConverter() },
    };

    /// <summary>A map of text as one line of JSON, in the order of its keys.</summary>
    public static string Write(IReadOnlyDictionary<string, string> map) => JsonSerializer.Serialize(map, Options);

    public static SortedDictionary<string, string> ReadMap(string json) =>
        new(JsonSerializer.Deserialize<Dictionary<string, string>>(json, Options)!, StringComparer.Ordinal);

    /// <summary>Such as <c>2018-11-09T10:00:00.000Z</c>.</summary>
    public static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

/// <summary>Writes three digits of a second; reads any number of them, and nothing for the zero time.</summary>
public sealed class FnTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is not JsonTokenType.String)
            throw new JsonException();
        var text = reader.GetString()!;
        if (text.Length == 0)
            return DateTimeOffset.UnixEpoch;
        return Rfc3339.TryParse(text, out var time) ? time : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(FnJson.Format(value));
}
