using System.Text.Json.Nodes;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Http.OpenApi;

/// <summary>What the OpenAPI document says about an endpoint beyond its route.</summary>
/// <param name="Summary">One line.</param>
/// <param name="Description">What a caller needs to know; Markdown.</param>
public sealed record Doc(string Summary, string Description = "")
{
    /// <summary>Query parameters and headers.</summary>
    public IReadOnlyList<DocParameter> Parameters { get; init; } = [];

    /// <summary>Examples of values in the path, by name.</summary>
    public IReadOnlyDictionary<string, string> PathExamples { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public DocBody? Body { get; init; }

    public IReadOnlyList<DocAnswer> Answers { get; init; } = [];

    /// <summary>The errors of this endpoint; those that come from a body, a token or the database are added.</summary>
    public IReadOnlyList<ErrorKind> Errors { get; init; } = [];

    /// <summary>The errors of an endpoint of the original function server.</summary>
    public IReadOnlyList<FnError> Messages { get; init; } = [];

    /// <summary>True where <see cref="IdempotentWrites"/> runs the effect.</summary>
    public bool IsIdempotent { get; init; }
}

/// <summary>A request body.</summary>
/// <param name="Type">Gives the schema.</param>
/// <param name="Example">JSON.</param>
/// <param name="IsRequired">False where the endpoint does without.</param>
public sealed record DocBody(Type Type, string Example, bool IsRequired = true);

/// <summary>An answer that is no error.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Description">What it means.</param>
/// <param name="Type">Gives the schema; null: an empty body.</param>
/// <param name="Example">JSON.</param>
/// <param name="ContentType">Of the body.</param>
public sealed record DocAnswer(
    int Status, string Description, Type? Type = null, string? Example = null, string ContentType = "application/json")
{
    /// <summary>Headers that it comes with: name and meaning.</summary>
    public IReadOnlyList<(string Name, string Description)> Headers { get; init; } = [];
}

/// <summary>A query parameter, or a header.</summary>
public sealed record DocParameter(string Name, DocType Type, string Description)
{
    public bool IsHeader { get; init; }
    public bool IsRepeatable { get; init; }
    public JsonNode? Example { get; init; }
    public int? Least { get; init; }
    public int? Most { get; init; }
    public IReadOnlyList<string> Allowed { get; init; } = [];

    public static readonly DocParameter Cursor = new("cursor", DocType.Text, "Where the page before ended; as that page gave it.");

    public static DocParameter Limit(int most, int standard) =>
        new("limit", DocType.Number, $"Entries in the page. Default: {standard}.") { Least = 1, Most = most, Example = 20 };

    public static DocParameter Header(string name, string description, string example) =>
        new(name, DocType.Text, description) { IsHeader = true, Example = example };
}

public enum DocType
{
    Text,
    Number,
    Flag,
    Time,
}

public static class DocExtensions
{
    public static TBuilder Describe<TBuilder>(this TBuilder builder, Doc doc)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(doc);
}
