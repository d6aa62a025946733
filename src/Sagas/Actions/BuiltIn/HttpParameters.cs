using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Sagas.Actions.BuiltIn;

/// <summary>A request as definitions write it.</summary>
public record HttpParameters
{
    [JsonPropertyOrder(-1)]
    [Description("Where to: an http or https URL without user name and password. What references put into it is percent-encoded, but for one at its very beginning.")]
    [UrlParameter, Length(1, 8000)]
    public required string Url { get; init; }

    [JsonPropertyOrder(-1)]
    [Description("Default: GET, or POST when there is a body.")]
    [AllowedValues("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")]
    public string? Method { get; init; }

    [JsonPropertyOrder(-1)]
    [Description("Headers by name. Host, lengths and those of the connection are not taken.")]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    [JsonPropertyOrder(-1)]
    [Description("What is sent: a text as it is, anything else as JSON.")]
    public JsonNode? Body { get; init; }

    [JsonPropertyOrder(-1)]
    [Description("How long one request may take with its answer. Outbound:Timeout bounds it. Default: 30s.")]
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan? Timeout { get; init; }
}

/// <summary>Parameters of <c>http-request</c>.</summary>
public sealed record HttpRequestParameters : HttpParameters
{
    [Description("Statuses that mean success; one or several. Default: 200 to 299.")]
    public StatusList? Expect { get; init; }

    [Description("What is kept of the answer, by the name that it gets in the output: paths such as body.id or headers.etag. Default: the content type and the whole body.")]
    public IReadOnlyDictionary<string, string>? Keep { get; init; }

    [Description("The request that undoes this one. Its references may point to this job's own output.")]
    public RollbackRequest? Rollback { get; init; }
}

/// <summary>The request that undoes another.</summary>
public sealed record RollbackRequest : HttpParameters
{
    [Description("Statuses that mean that nothing is left to undo; one or several. Default: 200 to 299, 404 and 410.")]
    public StatusList? Expect { get; init; }
}
