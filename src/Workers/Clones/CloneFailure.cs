namespace Orchestrator.Workers.Clones;

/// <summary>
/// What was asked for cannot be had, and trying again does not help. Anything else that is thrown (the disk, the kernel)
/// may pass, and the call may be repeated.
/// </summary>
public sealed class CloneFailedException(string code, string message, string hint = "") : Exception(message)
{
    /// <summary>One of <see cref="CloneFailure"/>.</summary>
    public string Code => code;

    /// <summary>What the user can do.</summary>
    public string Hint => hint;
}

/// <summary>The codes of <see cref="CloneFailedException"/>.</summary>
public static class CloneFailure
{
    /// <summary>Found before anything is copied.</summary>
    public const string NotEnoughDiskSpace = "NOT_ENOUGH_DISK_SPACE";

    /// <summary>Every port of the range is a clone's or some other program's.</summary>
    public const string NoFreePort = "NO_FREE_PORT";

    public const string SnapshotNotFound = "SNAPSHOT_NOT_FOUND";

    /// <summary>A snapshot that has clones, or is being cloned, is not destroyed.</summary>
    public const string SnapshotInUse = "SNAPSHOT_IN_USE";

    public const string CloneNotFound = "CLONE_NOT_FOUND";

    /// <summary>It was destroyed: a late or repeated command does not bring it back.</summary>
    public const string CloneGone = "CLONE_GONE";

    /// <summary>Destroyed while it was being made.</summary>
    public const string Cancelled = "CANCELLED";

    /// <summary>A parameter that is not on the allow-list, or a value that Postgres does not take.</summary>
    public const string SettingNotAllowed = "SETTING_NOT_ALLOWED";

    /// <summary>A user name, database name or verifier that cannot be used.</summary>
    public const string BadRequest = "BAD_REQUEST";

    /// <summary>A superuser could read the machine: there is no sandbox here to hold him.</summary>
    public const string SuperuserUnavailable = "SUPERUSER_UNAVAILABLE";

    /// <summary>The requested database is not in the snapshot.</summary>
    public const string DatabaseNotFound = "DATABASE_NOT_FOUND";

    /// <summary>Postgres does not start on this data, or gave up.</summary>
    public const string PostgresFailed = "POSTGRES_FAILED";

    /// <summary>There are no programs of Postgres here, or none of the version of the source.</summary>
    public const string PostgresUnavailable = "POSTGRES_UNAVAILABLE";

    /// <summary>The live server does not answer, refuses the login or the backup.</summary>
    public const string SourceUnavailable = "SOURCE_UNAVAILABLE";

    /// <summary>Tablespaces would be shared by all clones.</summary>
    public const string HasTablespaces = "HAS_TABLESPACES";

    /// <summary>There is no such dump below <c>Clones:DumpRoot</c>, or it cannot be restored.</summary>
    public const string DumpFailed = "DUMP_FAILED";
}
