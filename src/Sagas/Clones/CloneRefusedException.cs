namespace Orchestrator.Sagas.Clones;

/// <summary>A command about a clone or a snapshot that is not carried out; nothing was changed.</summary>
/// <param name="code">One of <see cref="CloneCodes"/>.</param>
/// <param name="detail">What is in the way.</param>
public sealed class CloneRefusedException(string code, string detail) : Exception(detail)
{
    public string Code { get; } = code;
}

/// <summary>Why a command is refused, and why a clone or a snapshot is fatal: stable and upper case.</summary>
public static class CloneCodes
{
    public const string NotFound = "NOT_FOUND";
    public const string CloneExists = "CLONE_EXISTS";
    public const string WrongState = "WRONG_STATE";
    public const string CloneProtected = "CLONE_PROTECTED";
    public const string SnapshotProtected = "SNAPSHOT_PROTECTED";
    public const string SnapshotExists = "SNAPSHOT_EXISTS";
    public const string SnapshotInUse = "SNAPSHOT_IN_USE";
    public const string NoSnapshot = "NO_SNAPSHOT";
    public const string UnknownSnapshot = "UNKNOWN_SNAPSHOT";
    public const string UnknownSource = "UNKNOWN_SOURCE";
    public const string RefreshRunning = "REFRESH_RUNNING";
    public const string NotEnoughDiskSpace = "NOT_ENOUGH_DISK_SPACE";
    public const string NoFreePort = "NO_FREE_PORT";
    public const string NoCloneHost = "NO_CLONE_HOST";

    /// <summary>It took longer than its state may last.</summary>
    public const string TimedOut = "TIMED_OUT";

    /// <summary>Its host has been away for too long.</summary>
    public const string HostLost = "HOST_LOST";

    /// <summary>Its storage did not survive.</summary>
    public const string StorageLost = "STORAGE_LOST";

    /// <summary>Its host failed for a reason of another kind.</summary>
    public const string HostFailure = "HOST_FAILURE";
}
