using Orchestrator.Api.Http;
using Orchestrator.Sagas.Clones;

namespace Orchestrator.Api.Clones;

/// <summary>The errors of clones and snapshots.</summary>
public static class CloneErrors
{
    public static readonly ErrorKind NotFound = new(
        404, CloneCodes.NotFound, "Not found", "List the clones with GET /clones and the snapshots with GET /snapshots.");

    public static readonly ErrorKind CloneExists = new(
        409, CloneCodes.CloneExists, "The id is in use", "Choose another id, or delete the clone first.");

    public static readonly ErrorKind SnapshotExists = new(
        409, CloneCodes.SnapshotExists, "The id is in use", "Choose another id, or delete the snapshot first.");

    public static readonly ErrorKind WrongState = new(
        409, CloneCodes.WrongState, "Not in this state", "Read its status with GET, and try again when that has changed.");

    public static readonly ErrorKind CloneProtected = new(
        409, CloneCodes.CloneProtected, "The clone is protected", "End its protection first: PATCH /clone/{id} with {\"protected\": false}.");

    public static readonly ErrorKind SnapshotProtected = new(
        409, CloneCodes.SnapshotProtected, "The snapshot is protected", "End its protection first: PATCH /snapshot/{id} with {\"protected\": false}.");

    public static readonly ErrorKind SnapshotInUse = new(
        409, CloneCodes.SnapshotInUse, "The snapshot has clones", "Delete its clones first, or all together with force=true.");

    public static readonly ErrorKind NoSnapshot = new(
        409, CloneCodes.NoSnapshot, "There is no snapshot", "Make one with POST /snapshot; it is listed once it can be cloned.");

    public static readonly ErrorKind UnknownSnapshot = new(
        400, CloneCodes.UnknownSnapshot, "There is no such snapshot", "List the snapshots with GET /snapshots.");

    public static readonly ErrorKind UnknownSource = new(
        400, CloneCodes.UnknownSource, "There is no such source", "Sources are configured as Clones:Sources:NAME; or give 'source.connectionString'.");

    public static readonly ErrorKind RefreshRunning = new(
        400, CloneCodes.RefreshRunning, "A refresh is running", "Wait until it has ended: GET /instance/retrieval tells.");

    public static readonly ErrorKind WeakPassword = new(
        422, "WEAK_PASSWORD", "The password is too weak", "Make it longer, or use more kinds of characters.");

    public static readonly ErrorKind NotEnoughDiskSpace = new(
        507, CloneCodes.NotEnoughDiskSpace, "Not enough disk space", "Stop idle clones, change snapshot policy or increase disk size.");

    public static readonly ErrorKind NoFreePort = new(
        409, CloneCodes.NoFreePort, "No free port", "Delete clones that nobody needs, or widen Clones:PortFrom to Clones:PortTo.");

    public static readonly ErrorKind NoCloneHost = new(
        409, CloneCodes.NoCloneHost, "No host is there", "Start a worker that has Clones:Directory set, or the one that is away.");

    private static readonly Dictionary<string, ErrorKind> ByCode = new ErrorKind[]
    {
        NotFound, CloneExists, SnapshotExists, WrongState, CloneProtected, SnapshotProtected, SnapshotInUse, NoSnapshot, UnknownSnapshot, UnknownSource,
        RefreshRunning, NotEnoughDiskSpace, NoFreePort, NoCloneHost,
    }.ToDictionary(kind => kind.Code, StringComparer.Ordinal);

    public static Problem Of(CloneRefusedException exception) => Of(exception.Code, exception.Message);

    /// <summary>The error for a code of a refusal or of a host's failure.</summary>
    public static Problem Of(string code, string detail) => ByCode.TryGetValue(code, out var kind)
        ? kind.Because(detail)
        : new ErrorKind(409, code, Title(code), "See the message; the log of the worker that hosts the clones tells more.").Because(detail);

    public static Problem NoClone(string id) => NotFound.Because($"There is no clone {id}.");

    public static Problem NoSnapshotOf(string id) => NotFound.Because($"There is no snapshot {id}.");

    // SOURCE_UNAVAILABLE: "Source unavailable".
    private static string Title(string code) => $"{code[..1]}{code[1..].ToLowerInvariant().Replace('_', ' ')}";
}
