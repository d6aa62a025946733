using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Sagas.Actions.BuiltIn;

/// <summary>Parameters of <c>wait-until</c>: one of <c>url</c>, <c>time</c> and <c>after</c> says what is waited for.</summary>
public sealed record WaitUntilParameters
{
    [Description("Poll this http or https URL until it answers as 'until' says. What references put into it is percent-encoded, but for one at its very beginning.")]
    [UrlParameter, Length(1, 8000)]
    public string? Url { get; init; }

    [Description("Default: GET.")]
    [AllowedValues("GET", "HEAD", "POST")]
    public string? Method { get; init; }

    [Description("Headers by name, sent with every poll.")]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    [Description("What is sent with every poll: a text as it is, anything else as JSON.")]
    public JsonNode? Body { get; init; }

    [Description("What ends the wait. Default: any status from 200 to 299.")]
    public AnswerCondition? Until { get; init; }

    [Description("What fails the job at once, though there would be time left.")]
    public AnswerCondition? FailIf { get; init; }

    [Description("From one poll to the next. Default: 2s.")]
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan? Every { get; init; }

    [Description("The job fails when the wait takes longer, counted from its first attempt, through crashes and restarts. Default: 5m.")]
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan? Timeout { get; init; }

    [Description("How long one poll may take. Default: 10s.")]
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan? RequestTimeout { get; init; }

    [Description("Wait until this time (RFC 3339); one that has passed is no wait.")]
    public DateTimeOffset? Time { get; init; }

    [Description("Wait for so long, counted from the first attempt, through crashes and restarts.")]
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan? After { get; init; }
}

/// <summary>What an answer must be: everything that is named here.</summary>
public sealed record AnswerCondition
{
    [Description("Statuses; one or several. Default: 200 to 299 in 'until', any in 'failIf'.")]
    public StatusList? Status { get; init; }

    [Description("Where to look in the JSON of the body, such as status.phase or items[0].ready.")]
    [Length(1, 500)]
    public string? Path { get; init; }

    [Description("What has to be there: this value, of this type.")]
    [JsonPropertyName("equals")]
    public JsonNode? Wanted { get; init; }

    [Description("What has to be there: one of these values.")]
    [Length(1, 100)]
    public IReadOnlyList<JsonNode>? OneOf { get; init; }
}

/// <summary>What <c>wait-until</c> returns.</summary>
public sealed record WaitUntilOutput
{
    [Description("How long it took, in seconds.")]
    public required double Waited { get; init; }

    [Description("The status of the last answer; of polls only.")]
    public int? Status { get; init; }

    [Description("What stands at until.path; of polls with one only.")]
    public JsonNode? Value { get; init; }
}
