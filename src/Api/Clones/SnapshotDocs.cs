using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Clones;

/// <summary>What the OpenAPI document says about snapshots.</summary>
internal static class SnapshotDocs
{
    private static readonly Dictionary<string, string> IdExample = new(StringComparer.Ordinal) { ["id"] = "clones@snapshot_20261121120000" };

    internal static readonly DocParameter Wait = DocParameter.Header("Prefer", "`wait=SECONDS`: answer when the status is OK or FATAL, or after so many seconds, 60 at most.", "wait=1");

    public static readonly Doc List = new("List snapshots", "Those that can be cloned, the newest data first.")
    {
        Parameters = [new("branch", DocType.Text, "Only `main` is there.") { Example = "main" }],
        Answers = [new(200, "The snapshots.", typeof(SnapshotBody[]), $"[{CloneDocs.SnapshotExample}]")],
    };

    public static readonly Doc Create = new(
        "Make a snapshot",
        "Of a live server, a dump or a clone. It is listed once it can be cloned; until then it is read at its own address. Without `source`, in the original's words, the request waits for up to a minute.")
    {
        Parameters = [Wait],
        Body = new(typeof(SnapshotRequest), """{"source":{"connectionString":"postgresql://replicator@db.example.org/shop"},"message":"before the migration"}""", IsRequired: false),
        Answers =
        [
            new(200, "The snapshot; the request waited for it.", typeof(SnapshotBody), CloneDocs.SnapshotExample),
            new(202, "The snapshot, being made.", typeof(SnapshotBody), CloneDocs.SnapshotExample) { Headers = [("Location", "Its address.")] },
        ],
        Errors = [CloneErrors.UnknownSource, CloneErrors.NotFound, CloneErrors.SnapshotExists, CloneErrors.WrongState, CloneErrors.NoCloneHost, CloneErrors.NotEnoughDiskSpace],
        IsIdempotent = true,
    };

    public static readonly Doc SaveClone = new("Make a snapshot of a clone", "As it is now. The request waits for up to a minute.")
    {
        Parameters = [Wait],
        Body = new(typeof(SnapshotCloneRequest), """{"cloneID":"dev-1","message":"what I have"}"""),
        Answers =
        [
            new(200, "The snapshot.", typeof(SnapshotBody), CloneDocs.SnapshotExample),
            new(202, "The snapshot, being made.", typeof(SnapshotBody), CloneDocs.SnapshotExample) { Headers = [("Location", "Its address.")] },
        ],
        Errors = [CloneErrors.NotFound, CloneErrors.WrongState, CloneErrors.NoCloneHost, CloneErrors.NotEnoughDiskSpace],
        IsIdempotent = true,
    };

    public static readonly Doc Read = new("Read a snapshot", "Also one that is being made or could not be.")
    {
        PathExamples = IdExample,
        Parameters = [Wait],
        Answers = [new(200, "The snapshot.", typeof(SnapshotBody), CloneDocs.SnapshotExample)],
        Errors = [CloneErrors.NotFound],
    };

    public static readonly Doc Update = new("Change a snapshot", "What the body does not name stays as it is; what cannot be changed is refused by name.")
    {
        PathExamples = IdExample,
        Body = new(typeof(SnapshotPatch), """{"protected":true}"""),
        Answers = [new(200, "The snapshot as it is now.", typeof(SnapshotBody), CloneDocs.SnapshotExample)],
        Errors = [CloneErrors.NotFound, CloneErrors.WrongState],
    };

    public static readonly Doc Delete = new("Delete a snapshot", "Refused while it has clones, unless they go with it; never while it or one of them is protected.")
    {
        PathExamples = IdExample,
        Parameters = [new("force", DocType.Flag, "True: its clones are deleted first. Default: false.") { Example = false }],
        Answers = [new(200, "It is gone, or being deleted.", typeof(ResponseBody), """{"status":"OK","message":"Deleted snapshot"}""")],
        Errors = [CloneErrors.NotFound, CloneErrors.SnapshotInUse, CloneErrors.SnapshotProtected, CloneErrors.CloneProtected],
    };

    public static readonly Doc Refresh = new("Make a new snapshot of the default source", "Answered at once; `GET /instance/retrieval` tells how it stands.")
    {
        Answers = [new(200, "It is being made.", typeof(ResponseBody), """{"status":"OK","message":"Full refresh started"}""")],
        Errors = [CloneErrors.UnknownSource, CloneErrors.RefreshRunning, CloneErrors.NoCloneHost, CloneErrors.NotEnoughDiskSpace],
    };
}
