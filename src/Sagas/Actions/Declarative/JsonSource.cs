using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Reads JSON and keeps where each value stands.</summary>
internal static class JsonSource
{
    /// <exception cref="InvalidDefinitionException">It is no JSON.</exception>
    public static SourceNode Parse(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var lines = new LineTable(utf8);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DefinitionText.MaxDepth });
        try
        {
            if (!reader.Read())
                throw DefinitionText.Invalid(1, 1, "the definition is empty.");
            var root = Node(ref reader, lines);
            reader.Read(); // Nothing but white space may follow.
            return root;
        }
        catch (JsonException exception)
        {
            var (line, column) = lines.Place(exception.LineNumber ?? 0, exception.BytePositionInLine ?? 0);
            var end = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw DefinitionText.Invalid(line, column, $"this is not JSON: {(end < 0 ? exception.Message : exception.Message[..end])}");
        }
    }

    private static SourceNode Node(ref Utf8JsonReader reader, LineTable lines)
    {
        var (line, column) = lines.Place(reader.TokenStartIndex);
        return reader.TokenType switch
        {
            JsonTokenType.StartObject => Object(ref reader, lines, line, column),
            JsonTokenType.StartArray => Array(ref reader, lines, line, column),
            JsonTokenType.String => DefinitionText.Text(Text(ref reader, line, column), line, column),
            JsonTokenType.True => new SourceScalar(line, column, JsonValue.Create(true)),
            JsonTokenType.False => new SourceScalar(line, column, JsonValue.Create(false)),
            JsonTokenType.Null => new SourceScalar(line, column, Value: null),
            _ => new SourceScalar(line, column, reader.TryGetInt64(out var integer) ? JsonValue.Create(integer) : Number(ref reader, line, column)),
        };
    }

    private static SourceObject Object(ref Utf8JsonReader reader, LineTable lines, int line, int column)
    {
        var members = new Dictionary<string, SourceNode>(StringComparer.Ordinal);
        var names = new Dictionary<string, SourceNode>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndObject)
        {
            var (nameLine, nameColumn) = lines.Place(reader.TokenStartIndex);
            var name = Text(ref reader, nameLine, nameColumn);
            if (!names.TryAdd(name, DefinitionText.Text(name, nameLine, nameColumn)))
                throw DefinitionText.Invalid(nameLine, nameColumn, $"'{name}' is there twice.");
            reader.Read();
            members[name] = Node(ref reader, lines);
        }

        return new SourceObject(line, column, members, names);
    }

    private static SourceArray Array(ref Utf8JsonReader reader, LineTable lines, int line, int column)
    {
        var items = new List<SourceNode>();
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
            items.Add(Node(ref reader, lines));
        return new SourceArray(line, column, items);
    }

    private static string Text(ref Utf8JsonReader reader, int line, int column)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw DefinitionText.Invalid(line, column, "this text holds half a character (a lone surrogate).");
        }
    }

    private static JsonValue Number(ref Utf8JsonReader reader, int line, int column) =>
        reader.TryGetDouble(out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : throw DefinitionText.Invalid(line, column, "this number is too large.");

    /// <summary>Turns positions in UTF-8 into lines and columns of characters.</summary>
    private sealed class LineTable
    {
        private readonly byte[] _utf8;
        private readonly List<int> _starts = [0];

        public LineTable(byte[] utf8)
        {
            _utf8 = utf8;
            for (var i = 0; i < utf8.Length; i++)
            {
                if (utf8[i] == '\n')
                    _starts.Add(i + 1);
            }
        }

        public (int Line, int Column) Place(long position)
        {
            var line = _starts.BinarySearch((int)position);
            line = line < 0 ? ~line - 1 : line;
            return Place(line, position - _starts[line]);
        }

        public (int Line, int Column) Place(long line, long bytes)
        {
            var start = _starts[(int)line];
            var length = (int)Math.Min(bytes, _utf8.Length - start);
            return ((int)line + 1, Encoding.UTF8.GetCharCount(_utf8, start, length) + 1);
        }
    }
}
