using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Sagas.Calls;

/// <summary>Headers as a call keeps them: a JSON object of lists, in the order of their coming.</summary>
public static class CallHeaders
{
    private static readonly JsonWriterOptions Options = new() { Encoder = FnJson.Options.Encoder };

    public static string Write(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        if (headers.Count == 0)
            return "{}";
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            for (var i = 0; i < headers.Count; i++)
            {
                if (!IsFirst(headers, i))
                    continue;
                writer.WriteStartArray(headers[i].Key);
                for (var j = i; j < headers.Count; j++)
                {
                    if (headers[j].Key.Equals(headers[i].Key, StringComparison.OrdinalIgnoreCase))
                        writer.WriteStringValue(headers[j].Value);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static List<KeyValuePair<string, string>> Read(string json)
    {
        var headers = new List<KeyValuePair<string, string>>();
        if (json.Length <= 2)
            return headers;
        foreach (var header in JsonElement.Parse(json).EnumerateObject())
        {
            foreach (var value in header.Value.EnumerateArray())
                headers.Add(new(header.Name, value.GetString()!));
        }

        return headers;
    }

    private static bool IsFirst(IReadOnlyList<KeyValuePair<string, string>> headers, int at)
    {
        for (var i = 0; i < at; i++)
        {
            if (headers[i].Key.Equals(headers[at].Key, StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return true;
    }
}
