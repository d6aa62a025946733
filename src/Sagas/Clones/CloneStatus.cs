namespace Orchestrator.Sagas.Clones;

/// <summary>The statuses of the original's models.</summary>
public static class CloneStatus
{
    public const string Ok = "OK";
    public const string Creating = "CREATING";
    public const string Resetting = "RESETTING";
    public const string Deleting = "DELETING";
    public const string Fatal = "FATAL";
    public const string Warning = "WARNING";

    /// <summary>The status of a state of <see cref="CloneStateMachine"/> or <see cref="SnapshotStateMachine"/>; null before the first and after the last.</summary>
    public static string? CodeOf(string state) => state switch
    {
        nameof(CloneStateMachine.Ready) => Ok,
        nameof(CloneStateMachine.Creating) or nameof(SnapshotStateMachine.Making) => Creating,
        nameof(CloneStateMachine.Resetting) => Resetting,
        nameof(CloneStateMachine.Deleting) => Deleting,
        nameof(CloneStateMachine.Fatal) => Fatal,
        _ => null,
    };

    /// <summary>What the status of a clone means, in the original's words.</summary>
    public static string MessageOf(string state, string? fatal) => state switch
    {
        nameof(CloneStateMachine.Ready) => "Clone is ready to accept Postgres connections.",
        nameof(CloneStateMachine.Creating) => "Clone is being created.",
        nameof(CloneStateMachine.Resetting) => "Clone is being reset.",
        nameof(CloneStateMachine.Deleting) => "Clone is being deleted.",
        _ => fatal ?? "Cloning failure.",
    };
}
