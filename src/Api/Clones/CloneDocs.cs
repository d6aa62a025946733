using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Clones;

/// <summary>What the OpenAPI document says about clones.</summary>
internal static class CloneDocs
{
    internal const string SnapshotExample =
        """{"id":"clones@snapshot_20261121120000","createdAt":"2026-11-21T12:00:00Z","dataStateAt":"2026-11-21T12:00:01Z","timestamp":"2026-11-21T12:00:01Z","physicalSize":337641472,"logicalSize":337641472,"pool":"0198a1b2-6f4e-7c00-8000-000000000001","numClones":1,"clones":["dev-1"],"branch":"main","message":"","protected":false,"status":{"code":"OK","message":"Snapshot can be cloned."},"postgresVersion":15,"databases":["postgres","shop"]}""";

    private const string Example = $$$"""
        {"id":"dev-1","snapshot":{{{SnapshotExample}}},"snapshotId":"clones@snapshot_20261121120000","branch":"main","revision":0,"protected":false,"deleteAt":null,"createdAt":"2026-11-21T12:05:00Z","status":{"code":"OK","message":"Clone is ready to accept Postgres connections."},"db":{"connStr":"host=127.0.0.1 port=6000 user=dev dbname=shop","host":"127.0.0.1","port":"6000","username":"dev","password":"","dbName":"shop"},"metadata":{"cloneDiffSize":204800,"logicalSize":337641472,"cloningTime":0.08,"maxIdleMinutes":0,"protectionLeaseDurationMinutes":1440,"protectionMaxDurationMinutes":10080},"project":"shop","name":"","username":"admin","cloneSize":204800,"cloningTime":0.08}
        """;

    private const string StatusExample = $$$"""
        {"status":{"code":"OK","message":"Instance is ready"},"disk":{"size":21463302144,"free":20901302144},"expectedCloningTime":0.08,"numClones":1,"clones":[{{{Example}}}],"snapshots":[{{{SnapshotExample}}}],"engine":{"version":"0.1.0","edition":"orchestrator","instanceID":"0198a1b2-6f4e-7c00-8000-000000000001","startedAt":"2026-11-21T11:00:00Z","telemetry":false,"disableConfigModification":true},"pools":[],"cloning":{"expectedCloningTime":0.08,"numClones":1,"clones":[],"protectionLeaseDurationMinutes":1440,"protectionMaxDurationMinutes":10080},"retrieving":{{{RetrievalExample}}},"provisioner":{"dockerImage":"","containerConfig":{}},"synchronization":{"status":{"code":"Not available","message":""},"lastReplayedLsn":"","lastReplayedLsnAt":"","replicationLag":0,"replicationUptime":0}}
        """;

    private const string RetrievalExample =
        """{"mode":"physical","status":"finished","lastRefresh":"2026-11-21T12:00:00Z","nextRefresh":null,"alerts":{},"activity":null}""";

    private static readonly Dictionary<string, string> IdExample = new(StringComparer.Ordinal) { ["id"] = "dev-1" };

    private static readonly DocParameter Wait = DocParameter.Header("Prefer", "`wait=SECONDS`: answer when the status is OK or FATAL, or after so many seconds, 60 at most.", "wait=1");

    public static readonly Doc List = new("List clones", "All of them, the newest first.")
    {
        Answers = [new(200, "The clones.", typeof(CloneBody[]), $"[{Example}]")],
    };

    public static readonly Doc Create = new(
        "Create a clone",
        "Answered at once with status CREATING; read it until it is OK or FATAL. The password becomes a SCRAM-SHA-256 verifier here and goes no further.")
    {
        Body = new(typeof(CloneRequest), """{"id":"dev-1","project":"shop","db":{"username":"dev","password":"correct-horse-battery","restricted":false,"db_name":"shop"},"protected":false}"""),
        Answers = [new(201, "The clone, being created.", typeof(CloneBody), Example) { Headers = [("Location", "Its address.")] }],
        Errors =
        [
            CloneErrors.UnknownSnapshot, CloneErrors.CloneExists, CloneErrors.NoSnapshot, CloneErrors.NoCloneHost, CloneErrors.NoFreePort,
            CloneErrors.WeakPassword, CloneErrors.NotEnoughDiskSpace,
        ],
        IsIdempotent = true,
    };

    public static readonly Doc Read = new("Read a clone")
    {
        PathExamples = IdExample,
        Parameters = [Wait],
        Answers = [new(200, "The clone.", typeof(CloneBody), Example)],
        Errors = [CloneErrors.NotFound],
    };

    public static readonly Doc Update = new("Change a clone", "What the body does not name stays as it is; what cannot be changed is refused by name.")
    {
        PathExamples = IdExample,
        Body = new(typeof(ClonePatch), """{"protected":true,"protectionDurationMinutes":120}"""),
        Answers = [new(200, "The clone as it is now.", typeof(CloneBody), Example)],
        Errors = [CloneErrors.NotFound, CloneErrors.WrongState],
    };

    public static readonly Doc Delete = new("Delete a clone", "It stays visible as DELETING until its storage and port are free. Once is enough: a repeat changes nothing.")
    {
        PathExamples = IdExample,
        Answers = [new(200, "It is being deleted.")],
        Errors = [CloneErrors.NotFound, CloneErrors.CloneProtected],
    };

    public static readonly Doc Reset = new("Reset a clone", "It begins anew from its snapshot or another one; port, role and password stay.")
    {
        PathExamples = IdExample,
        Body = new(typeof(ResetRequest), """{"latest":true}""", IsRequired: false),
        Answers = [new(200, "It is being reset.")],
        Errors = [CloneErrors.NotFound, CloneErrors.UnknownSnapshot, CloneErrors.WrongState, CloneErrors.NoCloneHost, CloneErrors.NotEnoughDiskSpace],
    };

    public static readonly Doc Events = new(
        "Read or follow what happens to a clone",
        "A list, the oldest first; with `Accept: text/event-stream` the answer does not end: server-sent events, resumed after `Last-Event-ID`.")
    {
        PathExamples = IdExample,
        Parameters = [DocParameter.Limit(500, 50), DocParameter.Cursor, DocParameter.Header("Last-Event-ID", "Go on after this event.", "0")],
        Answers =
        [
            new(200, "A page of events.", typeof(TimelinePage),
                """{"items":[{"id":1,"at":"2026-11-21T12:05:00Z","what":"created","from":"CREATING","to":"OK","traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}],"nextCursor":null}"""),
        ],
        Errors = [CloneErrors.NotFound, Errors.InvalidCursor],
    };

    public static readonly Doc Status = new(
        "Read the status of the instance", "WARNING when the disk is short, a host away, the newest snapshot stale or failed, or clones are reachable without protection.")
    {
        Answers = [new(200, "The status.", typeof(InstanceStatusBody), StatusExample)],
    };

    public static readonly Doc Retrieval = new("Read how the making of snapshots stands")
    {
        Answers = [new(200, "The state.", typeof(RetrievingBody), RetrievalExample)],
    };
}
