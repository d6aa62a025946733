using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Instances;

/// <summary>What the OpenAPI document says about instances.</summary>
internal static class InstanceDocs
{
    private const string Example =
        """{"id":17,"guid":"0199f3a2-7d5b-7c31-9d31-0a4f7263680a","status":"running","instanceStatus":"running","instanceType":"small","appId":3,"regionId":1,"containerId":"4711:812345","nodeName":"worker-1","version":4,"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","createdAt":"2026-12-04T12:00:00Z","updatedAt":"2026-12-04T12:00:01Z","attempt":1,"restarts":0}""";

    private const string ListExample = $$$"""{"instances":[{{{Example}}}],"pagination":{"page":1,"perPage":10,"totalCount":1}}""";

    private static readonly Dictionary<string, string> AppPath = new(StringComparer.Ordinal) { ["appId"] = "3" };

    private static readonly Dictionary<string, string> Path = new(StringComparer.Ordinal) { ["id"] = "17" };

    private static readonly DocParameter Page = new("page", DocType.Number, "From 1, the default.") { Least = 1, Example = 1 };

    private static readonly DocParameter Prefer = DocParameter.Header("Prefer", "wait=SECONDS", "wait=1");

    private static readonly DocParameter Nonce = DocParameter.Header(InstanceEndpoints.NonceHeader, "The nonce of the lease, where somebody holds one.", "0199f3a2-7d5b-7c31-9d31-0a4f7263680b");

    public static readonly Doc List = new("List the instances of an app", "By id, which stays as it is while others are added (seed: `list_instances_by_region`).")
    {
        PathExamples = AppPath,
        Parameters = [new("region", DocType.Number, "Id of the region that they were asked for in.") { Example = 1 }, Page, PerPage(10)],
        Answers = [new(200, "A page of instances.", typeof(InstanceListBody), ListExample)],
        Errors = [InstanceErrors.AppNotFound],
    };

    public static readonly Doc Create = new(
        "Make an instance", "It begins as `provisioning`, meant to be `running` (seed: `create_instance`). With `Prefer: wait=SECONDS` the answer waits until it runs or failed, and is 200 then.")
    {
        PathExamples = AppPath,
        Parameters = [Prefer],
        Body = new(typeof(InstanceRequest), """{"instanceType":"small"}"""),
        Answers =
        [
            new(202, "Accepted; its id is known.", typeof(InstanceBody), Example) { Headers = [("Location", "The instance.")] },
            new(200, "It runs, or failed, within the time that was preferred.", typeof(InstanceBody), Example) { Headers = [("Preference-Applied", "The preference that was honoured.")] },
        ],
        Errors = [InstanceErrors.AppNotFound, InstanceErrors.LimitReached],
        IsIdempotent = true,
    };

    public static readonly Doc Running = new("List the instances of an app that are meant to run", "The newest first; one that is provisioning counts (seed: `get_running_instances`).")
    {
        PathExamples = AppPath,
        Parameters = [Page, PerPage(500)],
        Answers = [new(200, "A page of instances.", typeof(InstanceListBody), ListExample)],
        Errors = [InstanceErrors.AppNotFound],
    };

    public static readonly Doc CountRunning = new("Count the instances of an app that are meant to run", "Seed: `count_running_instances`.")
    {
        PathExamples = AppPath,
        Answers = [new(200, "How many.", typeof(CountBody), """{"count":1}""")],
        Errors = [InstanceErrors.AppNotFound],
    };

    public static readonly Doc TerminateAll = new(
        "Terminate every instance of an app that is meant to run", "One command for each: signal, grace time, kill, release (seed: `terminate_all_instances`).")
    {
        PathExamples = AppPath,
        Answers = [new(202, "How many are being ended.", typeof(TerminatedBody), """{"terminated":1}""") { Headers = [("Location", "The instances of the app.")] }],
        Errors = [InstanceErrors.AppNotFound],
        IsIdempotent = true,
    };

    public static readonly Doc Count = new("Count all instances", "Whatever their state (seed: `count_instances`).")
    {
        Answers = [new(200, "How many.", typeof(CountBody), """{"count":17}""")],
    };

    public static readonly Doc Read = new("Read an instance", "With `Prefer: wait=SECONDS` the answer waits until nothing more is going to happen to it by itself, or the time, at most a minute, is up.")
    {
        PathExamples = Path,
        Parameters = [Prefer],
        Answers = [new(200, "The instance.", typeof(InstanceBody), Example) { Headers = [("Preference-Applied", "The preference that was honoured.")] }],
        Errors = [InstanceErrors.InstanceNotFound],
    };

    public static readonly Doc Update = new(
        "Bring an instance to another state",
        "A command to the saga (seed: `update_instance_status`); what is absent stays as it is. provisioning leads to running, failed, terminated; running to stopping, failed, terminated; stopping to stopped, terminated, failed; stopped and failed to provisioning, terminated; terminated is final.")
    {
        PathExamples = Path,
        Parameters = [Prefer, Nonce],
        Body = new(typeof(InstancePatch), """{"instanceStatus":"stopped","version":4}"""),
        Answers =
        [
            new(200, "It is there.", typeof(InstanceBody), Example) { Headers = [("Preference-Applied", "The preference that was honoured.")] },
            new(202, "Its node is at it.", typeof(InstanceBody), Example) { Headers = [("Location", "The instance.")] },
        ],
        Errors = [InstanceErrors.InstanceNotFound, InstanceErrors.IllegalTransition, InstanceErrors.VersionConflict, InstanceErrors.LeaseHeld],
    };

    public static readonly Doc Delete = new("Delete an instance", "One that is terminated; with `force=true` any: what runs of it is killed (seed: `delete_instance`).")
    {
        PathExamples = Path,
        Parameters = [new("force", DocType.Flag, "Whatever its state. Default: false.") { Example = true }, Nonce],
        Answers = [new(204, "Deleted.")],
        Errors = [InstanceErrors.InstanceNotFound, InstanceErrors.NotTerminated, InstanceErrors.LeaseHeld],
    };

    public static readonly Doc Events = new(
        "Read or follow what happens to an instance",
        "A list, the oldest first; with `Accept: text/event-stream` the answer does not end: server-sent events, resumed after `Last-Event-ID`.")
    {
        PathExamples = Path,
        Parameters = [DocParameter.Limit(500, 50), DocParameter.Cursor, DocParameter.Header("Last-Event-ID", "Go on after this event.", "0")],
        Answers =
        [
            new(200, "A page of events.", typeof(TimelinePage),
                """{"items":[{"id":1,"at":"2026-12-04T12:00:00Z","what":"running","from":"provisioning","to":"running","actor":"worker-1","traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}],"nextCursor":null}"""),
        ],
        Errors = [InstanceErrors.InstanceNotFound, Errors.InvalidCursor],
    };

    private const string LeaseExample = """{"owner":"admin","description":"upgrade","expiresAt":"2026-12-04T12:01:00Z"}""";

    public static readonly Doc ReadLease = new("Read the lease of an instance", "Its nonce is known to its holder alone.")
    {
        PathExamples = Path,
        Answers = [new(200, "The lease.", typeof(LeaseBody), LeaseExample)],
        Errors = [InstanceErrors.InstanceNotFound, InstanceFollowEndpoints.NoLease],
    };

    public static readonly Doc TakeLease = new(
        "Take or renew a lease of an instance", "While it lasts, changes and the deletion of the instance need its nonce in the header Lease-Nonce. With that header it is renewed.")
    {
        PathExamples = Path,
        Parameters = [Nonce],
        Body = new(typeof(LeaseRequest), """{"ttlSeconds":60,"description":"upgrade"}""", IsRequired: false),
        Answers =
        [
            new(201, "Given.", typeof(LeaseBody), """{"nonce":"0199f3a2-7d5b-7c31-9d31-0a4f7263680b","owner":"admin","description":"upgrade","expiresAt":"2026-12-04T12:01:00Z"}""")
            {
                Headers = [("Location", "The lease.")],
            },
        ],
        Errors = [InstanceErrors.InstanceNotFound, InstanceErrors.LeaseHeld],
        IsIdempotent = true,
    };

    public static readonly Doc EndLease = new("End a lease of an instance", "Whoever shows its nonce may.")
    {
        PathExamples = Path,
        Parameters = [Nonce],
        Answers = [new(204, "There is no lease any more.")],
        Errors = [InstanceErrors.InstanceNotFound, InstanceErrors.LeaseHeld],
    };

    private static DocParameter PerPage(int standard) => new("per_page", DocType.Number, $"Entries in a page. Default: {standard}.") { Least = 1, Most = 500, Example = 10 };
}
