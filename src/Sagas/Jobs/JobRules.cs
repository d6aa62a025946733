using System.Text.Json;
using FluentValidation;

namespace Orchestrator.Sagas.Jobs;

/// <summary>The rules that commands about jobs and flavors share, by bus and by HTTP.</summary>
public static class JobRules
{
    public const int MaxPlatformLength = 100;
    public const int MaxIdLength = 200;
    public const int MaxNameLength = 100;
    public const int MaxLabels = 100;
    public const int MaxLabelLength = 200;

    private static readonly DateTimeOffset EarliestTime = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset LatestTime = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static IRuleBuilderOptions<T, string> Platform<T>(this IRuleBuilder<T, string> rule) => rule.Text(MaxPlatformLength);

    public static IRuleBuilderOptions<T, string> JobId<T>(this IRuleBuilder<T, string> rule) => rule.Text(MaxIdLength);

    public static IRuleBuilderOptions<T, string> FlavorName<T>(this IRuleBuilder<T, string> rule) =>
        rule.Text(MaxNameLength)
            .Must(name => name is not ("_" or "-")).WithMessage("'{PropertyName}' must not be '_' or '-': they are reserved.");

    public static IRuleBuilderOptions<T, IReadOnlyList<string>?> Labels<T>(this IRuleBuilder<T, IReadOnlyList<string>?> rule) =>
        rule.Must(labels => labels is null || labels.Count <= MaxLabels)
            .WithMessage($"'{{PropertyName}}' must have at most {MaxLabels} entries.")
            .Must(labels => labels is null || labels.All(IsLabel))
            .WithMessage($"Each entry of '{{PropertyName}}' must be text of 1 to {MaxLabelLength} characters without control characters.");

    public static IRuleBuilderOptions<T, DateTimeOffset?> Time<T>(this IRuleBuilder<T, DateTimeOffset?> rule) =>
        rule.Must(time => time is null || IsTime(time.Value))
            .WithMessage("'{PropertyName}' must be a time between the years 1970 and 9998.");

    public static IRuleBuilderOptions<T, JsonElement?> JsonObject<T>(this IRuleBuilder<T, JsonElement?> rule) =>
        rule.Must(raw => raw is null or { ValueKind: JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined })
            .WithMessage("'{PropertyName}' must be a JSON object.")
            .Must(IsText).WithMessage("'{PropertyName}' must hold nothing but valid Unicode.");

    /// <summary>True for a time that the database and every client can hold.</summary>
    public static bool IsTime(DateTimeOffset time) => time >= EarliestTime && time < LatestTime;

    /// <summary>True for text that may be a label.</summary>
    public static bool IsLabel(string? label) => label is { Length: > 0 and <= MaxLabelLength } && IsStorable(label);

    // Names are read when payloads are joined; the reader checks neither them nor the bytes of a value before.
    private static bool IsText(JsonElement? raw)
    {
        if (raw is not { ValueKind: JsonValueKind.Object } value)
            return true;
        try
        {
            foreach (var property in value.EnumerateObject())
                _ = property.Name;
            _ = value.GetRawText();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    internal static IRuleBuilderOptions<T, string> Text<T>(this IRuleBuilder<T, string> rule, int maxLength) =>
        rule.Must(text => !string.IsNullOrEmpty(text)).WithMessage("'{PropertyName}' must not be empty.")
            .Must(text => text is null || text.Length <= maxLength)
            .WithMessage($"'{{PropertyName}}' must have at most {maxLength} characters.")
            .Must(text => text is null || IsStorable(text)).WithMessage("'{PropertyName}' must not contain control characters or broken Unicode.");

    /// <summary>True for text that the database and every client can hold.</summary>
    public static bool IsStorable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) || (char.IsSurrogate(text[i]) && !IsPair(text, ref i)))
                return false;
        }

        return true;
    }

    private static bool IsPair(string text, ref int i) => i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i]);
}
