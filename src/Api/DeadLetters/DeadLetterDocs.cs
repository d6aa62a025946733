using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.DeadLetters;

/// <summary>What the OpenAPI document says about dead letters.</summary>
internal static class DeadLetterDocs
{
    private const string Example =
        """{"id":"019aa5b0-0000-7000-8000-000000000001","queue":"orchestrator-enqueue-job","reason":"INVALID_FIELD: 'Id' must not be empty.","errorType":"InvalidMessageException","messageId":"m-1","firstSeen":"2026-11-21T12:00:00Z","contentType":"application/json","headers":{},"bodyPreview":"{}","size":2}""";

    private static readonly Dictionary<string, string> PathExamples = new(StringComparer.Ordinal)
    {
        ["queue"] = "orchestrator-enqueue-job",
        ["id"] = "019aa5b0-0000-7000-8000-000000000001",
    };

    private static readonly IReadOnlyList<DocParameter> Page = [DocParameter.Limit(DeadLetterEndpoints.MaxLimit, DeadLetterEndpoints.DefaultLimit), DocParameter.Cursor];

    public static readonly Doc Overview = new("List dead letters", "How many each queue has, and the messages of all queues, the oldest first.")
    {
        Parameters = Page,
        Answers =
        [
            new(200, "Queues and messages.", typeof(DeadLetterOverview),
                $$"""{"queues":[{"queue":"orchestrator-enqueue-job","count":1,"oldest":"2026-11-21T12:00:00Z"}],"items":[{{Example}}],"nextCursor":null}"""),
        ],
        Errors = [Errors.InvalidCursor],
    };

    public static readonly Doc List = new("List the dead letters of a queue", "The oldest first.")
    {
        PathExamples = PathExamples,
        Parameters = Page,
        Answers = [new(200, "A page of messages.", typeof(DeadLetterPage), $$"""{"items":[{{Example}}],"nextCursor":null}""")],
        Errors = [Errors.InvalidCursor],
    };

    public static readonly Doc Read = new("Read a dead letter with its whole body")
    {
        PathExamples = PathExamples,
        Answers = [new(200, "The message.", typeof(DeadLetterDetail), $$$"""{"letter":{{{Example}}},"body":"{}"}""")],
        Errors = [DeadLetterEndpoints.NotFound],
    };

    public static readonly Doc Replay = new(
        "Send dead letters back to their queue",
        "Those named in the body, or all. They keep their message ids, so what was handled before is not handled again. Where the broker has no such queue they stay.")
    {
        PathExamples = PathExamples,
        Parameters = [new("limit", DocType.Number, "At most so many. Default: all.") { Least = 1, Most = int.MaxValue, Example = 100 }],
        Body = new(typeof(DeadLetterSelection), """{"ids":["019aa5b0-0000-7000-8000-000000000001"]}""", IsRequired: false),
        Answers = [new(200, "How many were sent.", typeof(Replayed), """{"count":1}""")],
        Errors = [DeadLetterEndpoints.NoQueue],
    };

    public static readonly Doc Delete = new("Delete dead letters of a queue", "Those named in the query or in the body, or all.")
    {
        PathExamples = PathExamples,
        Parameters = [new("ids", DocType.Text, "Ids, separated by commas.") { Example = "019aa5b0-0000-7000-8000-000000000001" }],
        Body = new(typeof(DeadLetterSelection), """{"ids":["019aa5b0-0000-7000-8000-000000000001"]}""", IsRequired: false),
        Answers = [new(200, "How many were deleted.", typeof(Deleted), """{"count":1}""")],
    };

    public static readonly Doc DeleteOne = new("Delete a dead letter")
    {
        PathExamples = PathExamples,
        Answers = [new(204, "Deleted.")],
        Errors = [DeadLetterEndpoints.NotFound],
    };
}
