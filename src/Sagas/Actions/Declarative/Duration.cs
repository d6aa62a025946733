using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Times as people write them: <c>500ms</c>, <c>1.5s</c>, <c>2m</c>, <c>1h</c>, <c>7d</c>, or <c>00:01:30</c>.</summary>
public static partial class Duration
{
    public const string Pattern = @"^([0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h|d)|([0-9]{1,4}\.)?[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?)$";

    public const string Expected = "a time such as 500ms, 10s, 2m, 1h or 7d";

    /// <summary>Null when the text is none.</summary>
    public static TimeSpan? Parse(string text)
    {
        if (Unit().Match(text) is not { Success: true } match)
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && text.Contains(':', StringComparison.Ordinal) && time >= TimeSpan.Zero ? time : null;
        var number = decimal.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);
        var ticks = number * match.Groups["unit"].Value switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            _ => TimeSpan.TicksPerDay,
        };
        return ticks <= TimeSpan.MaxValue.Ticks ? TimeSpan.FromTicks((long)ticks) : null;
    }

    [GeneratedRegex(@"^(?<number>[0-9]{1,9}(\.[0-9]{1,3})?)(?<unit>ms|s|m|h|d)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unit();

    internal sealed class Converter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Parse(reader.GetString() ?? "") ?? throw new JsonException($"It must be {Expected}.");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString("c", CultureInfo.InvariantCulture));
    }
}
