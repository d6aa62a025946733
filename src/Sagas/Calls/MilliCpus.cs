using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// A share of processors in thousandths of one (seed: <c>MilliCPUs</c>). Read from <c>"100m"</c> or <c>"0.1"</c>, exactly:
/// what lies between two thousandths is cut off, and what would come to 0 by that is refused, since 0 means no limit.
/// </summary>
[JsonConverter(typeof(MilliCpusConverter))]
public readonly record struct MilliCpus(int Value)
{
    public const int Max = 1_024_000;

    public static bool TryParse(string text, out MilliCpus cpus)
    {
        cpus = default;
        text = text.Trim();
        if (text.Length == 0)
            return true;
        return text[^1] == 'm' ? TryParseMilli(text.AsSpan(0, text.Length - 1), out cpus) : TryParseDecimal(text, out cpus);
    }

    /// <summary>Such as <c>100m</c>; empty without a limit.</summary>
    public override string ToString() => Value == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Value}m");

    private static bool TryParseMilli(ReadOnlySpan<char> digits, out MilliCpus cpus)
    {
        var isNumber = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= Max;
        cpus = new MilliCpus(isNumber ? (int)value : 0);
        return isNumber;
    }

    private static bool TryParseDecimal(string text, out MilliCpus cpus)
    {
        cpus = default;
        var isNegative = text[0] == '-';
        var number = text[0] is '+' or '-' ? text[1..] : text;
        var dot = number.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? number : number[..dot];
        var fraction = dot < 0 ? "" : number[(dot + 1)..];
        if (whole.Length + fraction.Length == 0 || !IsDigits(whole) || !IsDigits(fraction))
            return false;
        whole = whole.TrimStart('0');
        if (whole.Length > 4)
            return false;
        var thousandths = ((whole.Length == 0 ? 0 : int.Parse(whole, CultureInfo.InvariantCulture)) * 1000)
            + int.Parse(fraction.PadRight(3, '0')[..3], CultureInfo.InvariantCulture);
        var isMore = fraction.Length > 3 && fraction.AsSpan(3).ContainsAnyExcept('0');
        if (thousandths > Max || (thousandths == Max && isMore) || (thousandths == 0 && isMore) || (isNegative && thousandths > 0))
            return false;
        cpus = new MilliCpus(thousandths);
        return true;
    }

    private static bool IsDigits(string text) => !text.AsSpan().ContainsAnyExceptInRange('0', '9');
}

/// <summary>JSON text or null; anything else is not the JSON that is expected.</summary>
public sealed class MilliCpusConverter : JsonConverter<MilliCpus>
{
    public override bool HandleNull => true;

    /// <exception cref="FnException">It is text, but no share of processors.</exception>
    public override MilliCpus Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.Null)
            return default;
        if (reader.TokenType is not JsonTokenType.String)
            throw new JsonException();
        return MilliCpus.TryParse(reader.GetString()!, out var cpus) ? cpus : throw new FnException(FnErrors.InvalidCpus);
    }

    public override void Write(Utf8JsonWriter writer, MilliCpus value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
