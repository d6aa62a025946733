using System.Text;

namespace Orchestrator.Tests.Http.Fuzzing;

/// <summary>Values that programs trip over.</summary>
internal static class NastyValues
{
    public static readonly string[] Texts =
    [
        "", " ", "_", "-", ".", "..", "null", "true", "0", "-1", "NaN", "a/b", "a%2Fb", "%", "%00", "\u0000", "\u0001", "\u007f", "\u0085", "\ud7ff\uffff",
        "😀", "é", "İ", "ß", "\u202e", "'; DROP TABLE job; --", "\"", "\\", "{}", "$1", "{0}", "<script>", "a\r\nX-Evil: 1", "a,b", "a b", "+",
        new string('x', 99), new string('x', 101), new string('x', 201), new string('x', 3000), string.Concat(Enumerable.Repeat("😀", 100)),
    ];

    public static readonly string[] Json =
    [
        "null", "true", "false", "0", "-0", "1", "-1", "1.5", "1e2", "1e400", "1e999999", "2147483647", "2147483648", "-2147483649", "9223372036854775808",
        new string('9', 500), "0.1e-400", "\"\"", "\"a\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\u202e\"", "[]", "[[]]", "[null]", "[\"\"]", "[1,\"a\"]", "{}",
        "{\"a\":{\"b\":null}}", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"\":1}", "{\"\\u0000\":1}", "{\"a\":1e999999}",
        "\"2026-11-01T12:00:00Z\"", "\"2026-11-01T12:00:00\"", "\"2026-11-01\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"",
        "\"0001-01-01T00:00:00+14:00\"", "\"9999-12-31T23:59:59-14:00\"", "\"2026-02-30T00:00:00Z\"", "\"2026-11-01T24:00:00Z\"",
        "\"2026-11-01T12:00:60Z\"", "\"2026-11-01T12:00:00.1234567890123456789Z\"", "\"-2026-11-01T12:00:00Z\"", "\"2026-11-01T12:00:00+99:99\"",
        $"\"{new string('x', 300)}\"", $"[{string.Join(',', Enumerable.Repeat("\"a\"", 101))}]", $"[\"{new string('x', 201)}\"]",
        $"{new string('[', 70)}{new string(']', 70)}", $"{string.Concat(Enumerable.Repeat("{\"a\":", 62))}1{new string('}', 62)}",
    ];

    public static readonly string[] Headers =
    [
        "", " ", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "wait=", "wait=-1", "wait=99999999999999999999", "wait=abc,wait=0", ";;;,,,", "text/event-stream;q=x",
        "*/*;q=nan", "-1", "0", "9223372036854775808", "abc", new string('x', 256), new string('a', 4000), "\"", "sha256=", "sha256=zz", "application/json; charset=\"",
    ];

    /// <summary>The same bytes with a few of them changed, removed, doubled or inserted.</summary>
    public static byte[] Mutate(Random random, byte[] bytes)
    {
        var mutated = new List<byte>(bytes);
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var at = random.Next(mutated.Count + 1);
            switch (random.Next(5))
            {
                case 0 when at < mutated.Count:
                    mutated[at] = (byte)random.Next(256);
                    break;
                case 1 when at < mutated.Count:
                    mutated.RemoveAt(at);
                    break;
                case 2:
                    mutated.Insert(at, (byte)random.Next(256));
                    break;
                case 3:
                    mutated.InsertRange(at, Encoding.UTF8.GetBytes(Pick(random, Json)));
                    break;
                default:
                    mutated.RemoveRange(at, Math.Min(random.Next(8), mutated.Count - at));
                    break;
            }
        }

        return [.. mutated];
    }

    public static T Pick<T>(Random random, IReadOnlyList<T> values) => values[random.Next(values.Count)];
}
