using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Jobs;

/// <summary>What the OpenAPI document says about jobs.</summary>
internal static class JobDocs
{
    private const string Example =
        """{"platform":"github","id":"4711","labels":["large"],"created_at":"2026-11-21T12:00:00Z","started_at":"2026-11-21T12:00:30Z","raw":{"queued":{"action":"queued"}},"assigned_flavor":"large","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}""";

    private static readonly Dictionary<string, string> PathExamples = new(StringComparer.Ordinal) { ["platform"] = "github", ["id"] = "4711" };

    public static readonly Doc List = new(
        "List the jobs of a platform", "By time of creation, then id. The header `Link` holds the address of the next page.")
    {
        PathExamples = PathExamples,
        Parameters =
        [
            new("state", DocType.Text, "queued: not started; running: started; completed; incomplete: queued or running.") { Allowed = JobList.States, Example = "incomplete" },
            new("flavor", DocType.Text, "Assigned to this flavor.") { Example = "large" },
            new("label", DocType.Text, "Has this label; several: all of them.") { IsRepeatable = true },
            new("unassigned", DocType.Flag, "True: incomplete and without a flavor. False: with one.") { Example = false },
            new("created_after", DocType.Time, "Created later than this.") { Example = "2026-01-01T00:00:00Z" },
            DocParameter.Limit(JobList.MaxLimit, JobList.DefaultLimit),
            DocParameter.Cursor,
        ],
        Answers = [new(200, "A page of jobs.", typeof(JobBody[]), $"[{Example}]") { Headers = [("Link", "The next page, with rel=\"next\"; absent on the last one.")] }],
        Errors = [Errors.InvalidCursor],
    };

    public static readonly Doc Add = new("Add a job", "As the bus command `EnqueueJob` does; it is assigned at once when a flavor fits.")
    {
        PathExamples = PathExamples,
        Body = new(typeof(JobRequest), """{"id":"4711","labels":["large"],"created_at":"2026-11-21T12:00:00Z","raw":{}}"""),
        Answers = [new(201, "Added.") { Headers = [("Location", "The job.")] }],
        Errors = [JobErrors.JobExists, JobErrors.JobDeleted],
        IsIdempotent = true,
    };

    public static readonly Doc Read = new("Read a job", "With `Prefer: wait=SECONDS` the answer waits until the job is completed or the time, at most a minute, is up.")
    {
        PathExamples = PathExamples,
        Parameters = [DocParameter.Header("Prefer", "wait=SECONDS", "wait=1")],
        Answers = [new(200, "The job.", typeof(JobBody), Example) { Headers = [("Preference-Applied", "The preference that was honoured.")] }],
        Errors = [JobErrors.JobNotFound],
    };

    public static readonly Doc Update = new("Note that a job started or completed", "Each time can be set once.")
    {
        PathExamples = PathExamples,
        Body = new(typeof(JobPatch), """{"started_at":"2026-11-21T12:00:30Z"}"""),
        Answers = [new(204, "Noted.")],
        Errors = [JobErrors.JobNotFound, JobErrors.AlreadySet],
    };

    public static readonly Doc Delete = new("Delete a stale job", "Its id is not used again, so a late delivery does not bring it back.")
    {
        PathExamples = PathExamples,
        Answers = [new(204, "Deleted.")],
        Errors = [JobErrors.JobNotFound],
    };

    public static readonly Doc Explain = new("Explain the assignment of a job", "Every flavor of the platform: whether it fits, which labels miss, and why it was chosen or not.")
    {
        PathExamples = PathExamples,
        Answers =
        [
            new(200, "The explanation.", typeof(Explanation),
                """{"platform":"github","id":"4711","labels":["gpu"],"assigned_flavor":null,"flavors":[{"name":"large","priority":300,"labels":["large"],"is_disabled":false,"matched":false,"missing_labels":["gpu"],"chosen":false,"reason":"It does not offer gpu."}]}"""),
        ],
        Errors = [JobErrors.JobNotFound],
    };

    public static readonly Doc Events = new(
        "Read or follow what happens to a job",
        "A list, the oldest first; with `Accept: text/event-stream` the answer does not end: server-sent events, resumed after `Last-Event-ID`.")
    {
        PathExamples = PathExamples,
        Parameters =
        [
            DocParameter.Limit(500, 50), DocParameter.Cursor,
            DocParameter.Header("Last-Event-ID", "Go on after this event.", "0"),
        ],
        Answers =
        [
            new(200, "A page of events.", typeof(JobEvents),
                """{"items":[{"id":1,"at":"2026-11-21T12:00:00Z","what":"assigned","to":"assigned","reason":"large","actor":"webhook","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}],"next_cursor":null}"""),
        ],
        Errors = [JobErrors.JobNotFound, Errors.InvalidCursor],
    };
}
