namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>A text with references in it: <c>Hello ${input.name}</c>. <c>$${</c> stands for <c>${</c> itself.</summary>
public sealed class TextTemplate
{
    private TextTemplate(IReadOnlyList<Part> parts) => Parts = parts;

    /// <summary>Literal texts and references in turn.</summary>
    public IReadOnlyList<Part> Parts { get; }

    public IEnumerable<Reference> References => Parts.Select(part => part.Reference).OfType<Reference>();

    /// <summary>The reference that the whole text is, which stands for its value, whatever that is; null: it is text.</summary>
    public Reference? Whole => Parts is [{ Reference: { } reference }] ? reference : null;

    /// <summary>True when the text could hold a reference, well-formed or not.</summary>
    public static bool HasReference(string text) => text.Contains("${", StringComparison.Ordinal);

    /// <exception cref="FormatException">A reference is not closed or points nowhere.</exception>
    public static TextTemplate Parse(string text)
    {
        var parts = new List<Part>();
        var literal = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (string.CompareOrdinal(text, i, "$${", 0, 3) == 0)
            {
                literal.Append("${");
                i += 2;
            }
            else if (string.CompareOrdinal(text, i, "${", 0, 2) == 0)
            {
                var end = text.IndexOf('}', i);
                if (end < 0)
                    throw new FormatException("'${' is not closed by '}'; write '$${' where it is meant as text.");
                if (literal.Length > 0)
                    parts.Add(new Part(literal.ToString(), Reference: null));
                literal.Clear();
                parts.Add(new Part(Literal: null, Reference.Parse(text[(i + 2)..end].Trim())));
                i = end;
            }
            else
            {
                literal.Append(text[i]);
            }
        }

        if (literal.Length > 0 || parts.Count == 0)
            parts.Add(new Part(literal.ToString(), Reference: null));
        return new TextTemplate(parts);
    }

    /// <summary>A piece of the text: either of the two.</summary>
    public sealed record Part(string? Literal, Reference? Reference);
}
