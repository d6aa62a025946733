using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Actions;

namespace Orchestrator.Api.Actions;

/// <summary>What the OpenAPI document says about actions and deployments.</summary>
internal static class ActionDocs
{
    private const string Example =
        """{"id":"019ad2f1-7c00-7000-8000-000000000001","action":"launch","application":null,"groupId":"sim-1","status":"Finished","outcome":"Succeeded","currentJob":"mark","rollbackError":null,"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","createdAt":"2026-11-21T12:00:00Z","finishedAt":"2026-11-21T12:00:05Z","isSuspended":false,"isStopRequested":false,"hash":"0123456789abcdef0123456789abcdef"}""";

    private static readonly Dictionary<string, string> PathExamples =
        new(StringComparer.Ordinal) { ["id"] = "019ad2f1-7c00-7000-8000-000000000001" };

    public static readonly Doc Actions = new("List the actions", "What workers can run, by name: the newest definition of each.")
    {
        Answers =
        [
            new(200, "All of them.", typeof(ActionPage),
                """{"items":[{"application":null,"action":"launch","source":"code","inputType":"nil","hash":"0123456789abcdef0123456789abcdef","jobs":[{"name":"launch","hasRollback":true,"inputType":"nil","outputType":"nil"}]}],"nextCursor":null}"""),
        ],
    };

    public static readonly Doc Begin = new(
        "Run an action", "As the bus command `ExecuteAction` does. With `Prefer: wait=SECONDS` the answer waits until the deployment has finished or the time, at most a minute, is up.")
    {
        Parameters = [DocParameter.Header("Prefer", "wait=SECONDS", "wait=1")],
        Body = new(typeof(DeploymentRequest), """{"action":"launch","groupId":"sim-1","input":{}}"""),
        Answers =
        [
            new(202, "Begun.", typeof(DeploymentBody), Example) { Headers = [("Location", "The deployment.")] },
            new(200, "Begun and, since the answer waited, finished.", typeof(DeploymentBody), Example) { Headers = [("Location", "The deployment.")] },
        ],
        Errors = [ActionErrors.ActionNotFound, ActionErrors.DeploymentExists],
        IsIdempotent = true,
    };

    public static readonly Doc Stop = Command(
        "Stop a deployment", "Cancels the running job's token; when the job has ended, the deployment rolls back from it. Refused once it rolls back or has finished.");

    public static readonly Doc Suspend = Command("Suspend a deployment", "No further job, or rollback handler, begins; one that runs ends first.");

    public static readonly Doc Resume = Command("Resume a suspended deployment", "Goes on where it was.");

    public static readonly Doc Redrive = Command(
        "Go on with a deployment that did not succeed", "From the job that failed, with the input that it had; with a body, from a job before it.") with
    {
        Body = new(typeof(JobRequest), """{"job":"launch"}""", IsRequired: false),
    };

    public static readonly Doc RetryRollback = Command("Run failed rollback handlers again", "And those after them, if the rollback ended there.");

    public static readonly Doc SkipRollback = Command(
        "Go on without failed rollback handlers", "When what they should have undone has been undone by hand; with a body, without that of one job.") with
    {
        Body = new(typeof(JobRequest), """{"job":"launch"}""", IsRequired: false),
    };

    public static readonly Doc List = new("List deployments", "The newest first.")
    {
        Parameters =
        [
            new("action", DocType.Text, "Of this action.") { Example = "launch" },
            new("application", DocType.Text, "Asked for by this application."),
            new("status", DocType.Text, "Of this status.") { Allowed = DeploymentStatus.All, Example = "Running" },
            new("outcome", DocType.Text, "With this outcome.") { Allowed = DeploymentOutcome.All, Example = "RollbackFailed" },
            new("groupId", DocType.Text, "Of this group.") { Example = "sim-1" },
            new("createdAfter", DocType.Time, "Begun later than this.") { Example = "2026-01-01T00:00:00Z" },
            new("createdBefore", DocType.Time, "Begun earlier than this.") { Example = "2027-01-01T00:00:00Z" },
            DocParameter.Limit(DeploymentReads.MaxLimit, DeploymentReads.DefaultLimit),
            DocParameter.Cursor,
        ],
        Answers = [new(200, "A page of deployments.", typeof(DeploymentPage), $$"""{"items":[{{Example}}],"nextCursor":null}""")],
        Errors = [Http.Errors.InvalidCursor],
    };

    public static readonly Doc Read = new(
        "Read a deployment", "With its attempts. With `Prefer: wait=SECONDS` the answer waits until the deployment has finished or the time, at most a minute, is up.")
    {
        PathExamples = PathExamples,
        Parameters = [DocParameter.Header("Prefer", "wait=SECONDS", "wait=1")],
        Answers = [new(200, "The deployment.", typeof(DeploymentBody), Example) { Headers = [("Preference-Applied", "The preference that was honoured.")] }],
        Errors = [ActionErrors.DeploymentNotFound],
    };

    public static readonly Doc Errors = new("Read the errors of a deployment", "In the order in which they happened.")
    {
        PathExamples = PathExamples,
        Parameters =
        [
            new("job", DocType.Text, "Of this job.") { Example = "launch" },
            DocParameter.Limit(DeploymentReads.MaxLimit, DeploymentReads.DefaultLimit), DocParameter.Cursor,
        ],
        Answers =
        [
            new(200, "A page of errors.", typeof(DeploymentErrorPage),
                """{"items":[{"job":"launch","error":"no machine is free","at":"2026-11-21T12:00:01Z"}],"nextCursor":null}"""),
        ],
        Errors = [ActionErrors.DeploymentNotFound, Http.Errors.InvalidCursor],
    };

    public static readonly Doc Data = new("Read the data of a deployment", "Inputs of jobs, and what jobs stored.")
    {
        PathExamples = PathExamples,
        Parameters =
        [
            new("job", DocType.Text, "Of this job.") { Example = "launch" },
            new("type", DocType.Text, "Of this kind: input, job, or a kind of the job's own.") { Example = "input" },
        ],
        Answers =
        [
            new(200, "All of it.", typeof(DeploymentDataList),
                """{"items":[{"job":"launch","type":"input","dataType":"nil","data":{},"at":"2026-11-21T12:00:00Z"}],"nextCursor":null}"""),
        ],
        Errors = [ActionErrors.DeploymentNotFound],
    };

    public static readonly Doc Timeline = new("Read the timeline of a deployment", "One entry for each transition, the oldest first.")
    {
        PathExamples = PathExamples,
        Parameters = [DocParameter.Limit(DeploymentReads.MaxLimit, DeploymentReads.DefaultLimit), DocParameter.Cursor],
        Answers =
        [
            new(200, "A page of the timeline.", typeof(TimelinePage),
                """{"items":[{"id":1,"at":"2026-11-21T12:00:00Z","what":"started","from":"Initial","to":"Running","reason":"launch","actor":"admin","traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}],"nextCursor":null}"""),
        ],
        Errors = [ActionErrors.DeploymentNotFound, Http.Errors.InvalidCursor],
    };

    public static readonly Doc Events = new("Follow a deployment", "Server-sent events, one for each transition, resumed after `Last-Event-ID`; the stream does not end.")
    {
        PathExamples = PathExamples,
        Parameters = [DocParameter.Header("Last-Event-ID", "Go on after this event.", "0")],
        Answers = [new(200, "The stream.", typeof(string), Example: null, ContentType: EventStream.ContentType)],
        Errors = [ActionErrors.DeploymentNotFound],
    };

    private static Doc Command(string summary, string description) => new(summary, description)
    {
        PathExamples = PathExamples,
        Parameters = [DocParameter.Header("Prefer", "wait=SECONDS", "wait=1")],
        Answers =
        [
            new(202, "Accepted.", typeof(DeploymentBody), Example) { Headers = [("Location", "The deployment.")] },
            new(200, "Accepted and, since the answer waited, finished.", typeof(DeploymentBody), Example) { Headers = [("Location", "The deployment.")] },
        ],
        Errors = [ActionErrors.DeploymentNotFound, ActionErrors.IllegalTransition],
        IsIdempotent = true,
    };
}
