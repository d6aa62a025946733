using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>
/// Reads YAML 1.2 with the scalars of its core schema. Aliases, anchors and tags are refused: nobody needs them here,
/// and a small text could unfold to a huge one.
/// </summary>
internal sealed partial class YamlSource
{
    private readonly Parser _parser;
    private int _depth;

    private YamlSource(string text) => _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));

    /// <exception cref="InvalidDefinitionException">It is no YAML, or none that is taken here.</exception>
    public static SourceNode Parse(string text)
    {
        try
        {
            return new YamlSource(text).Document();
        }
        catch (YamlException exception)
        {
            throw DefinitionText.Invalid(exception.Start.Line, exception.Start.Column, $"this is not YAML: {Sentence(exception)}");
        }
    }

    private static string Sentence(YamlException exception)
    {
        var text = (exception.InnerException ?? exception).Message;
        // The library begins with the place, which is told already.
        var end = text.StartsWith('(') ? text.IndexOf("): ", StringComparison.Ordinal) : -1;
        return (end < 0 ? text : text[(end + 3)..]).TrimEnd('.') + ".";
    }

    private SourceNode Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
            throw DefinitionText.Invalid(1, 1, "the definition is empty.");
        _parser.Consume<DocumentStart>();
        var root = Node();
        _parser.Consume<DocumentEnd>();
        if (!_parser.TryConsume<StreamEnd>(out _))
            throw Refused(_parser.Current!, "there is a second document; send one definition at a time.");
        return root;
    }

    private SourceNode Node()
    {
        var current = _parser.Current!;
        if (current is AnchorAlias)
            throw Refused(current, "aliases (*name) are not taken; write the value out.");
        if (current is NodeEvent node)
        {
            if (!node.Anchor.IsEmpty)
                throw Refused(current, "anchors (&name) are not taken; write the value out.");
            if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
                throw Refused(current, $"the tag {node.Tag.Value} is not taken.");
        }

        if (++_depth > DefinitionText.MaxDepth)
            throw Refused(current, $"values are nested more than {DefinitionText.MaxDepth} deep.");
        SourceNode result = current switch
        {
            MappingStart => Mapping(),
            SequenceStart => Sequence(),
            _ => Scalar(_parser.Consume<Scalar>()),
        };
        _depth--;
        return result;
    }

    private SourceObject Mapping()
    {
        var start = _parser.Consume<MappingStart>();
        var members = new Dictionary<string, SourceNode>(StringComparer.Ordinal);
        var names = new Dictionary<string, SourceNode>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (_parser.Current is not Scalar key)
                throw Refused(_parser.Current!, "the name of a member must be text.");
            _parser.Consume<Scalar>();
            if (!names.TryAdd(key.Value, DefinitionText.Text(key.Value, Line(key), Column(key))))
                throw Refused(key, $"'{key.Value}' is there twice.");
            members[key.Value] = Node();
        }

        return new SourceObject(Line(start), Column(start), members, names);
    }

    private SourceArray Sequence()
    {
        var start = _parser.Consume<SequenceStart>();
        var items = new List<SourceNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(Node());
        return new SourceArray(Line(start), Column(start), items);
    }

    private static SourceScalar Scalar(Scalar scalar) => new(Line(scalar), Column(scalar), Value(scalar));

    private static JsonValue? Value(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style is not ScalarStyle.Plain || scalar.Tag.IsNonSpecific && !scalar.IsPlainImplicit)
            return JsonValue.Create(text);
        if (text is "" or "~" or "null" or "Null" or "NULL")
            return null;
        if (text is "true" or "True" or "TRUE")
            return JsonValue.Create(true);
        if (text is "false" or "False" or "FALSE")
            return JsonValue.Create(false);
        if (Integer().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return JsonValue.Create(integer);
        if (Number().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return JsonValue.Create(number);
        return JsonValue.Create(text);
    }

    private static int Line(ParsingEvent at) => (int)at.Start.Line;

    private static int Column(ParsingEvent at) => (int)at.Start.Column;

    private static InvalidDefinitionException Refused(ParsingEvent at, string problem) => DefinitionText.Invalid(at.Start.Line, at.Start.Column, problem);

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}
