using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Clones;

/// <summary>What the OpenAPI document says about branches.</summary>
internal static class BranchDocs
{
    private const string Example = """{"snapshotID":"clones@snapshot_20261121120000"}""";

    public static readonly Doc List = new("List branches", "There is one, `main`: it is there for clients of the original.")
    {
        Answers =
        [
            new(200, "The branch.", typeof(BranchBody[]),
                """[{"name":"main","baseDataset":"","parent":"","dataStateAt":"20261121120001","snapshotID":"clones@snapshot_20261121120000","dataset":"","numSnapshots":1,"protected":false}]"""),
        ],
    };

    public static readonly Doc Log = new("Read the log of a branch", "The snapshots that can be cloned, the newest data first.")
    {
        PathExamples = new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = SnapshotBody.MainBranch },
        Answers =
        [
            new(200, "The log.", typeof(BranchLogBody[]),
                """[{"id":"clones@snapshot_20261121120000","parent":"","child":[],"branch":["main"],"root":[],"dataStateAt":"20261121120001","message":"","dataset":"","clones":["dev-1"],"protected":false}]"""),
        ],
        Errors = [CloneErrors.NotFound],
    };

    public static readonly Doc Commit = new("Make a snapshot of a clone, in the words of a commit", "As it is now. The request waits for up to a minute.")
    {
        Parameters = [SnapshotDocs.Wait],
        Body = new(typeof(SnapshotCloneRequest), """{"cloneID":"dev-1","message":"what I have"}"""),
        Answers =
        [
            new(200, "The snapshot.", typeof(CommitBody), Example),
            new(202, "The snapshot, being made.", typeof(CommitBody), Example) { Headers = [("Location", "Its address.")] },
        ],
        Errors = [CloneErrors.NotFound, CloneErrors.WrongState, CloneErrors.NoCloneHost, CloneErrors.NotEnoughDiskSpace],
        IsIdempotent = true,
    };
}
