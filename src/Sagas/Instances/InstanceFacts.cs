namespace Orchestrator.Sagas.Instances;

/// <summary>Accepted: an instance that is to be made.</summary>
/// <param name="Id">The number drawn for it.</param>
/// <param name="Command">What was asked for, checked.</param>
public sealed record InstanceAccepted(long Id, Contracts.Instances.ProvisionInstance Command)
{
    public (string Platform, string Name)? Flavor { get; init; }

    public Guid? Replaces { get; init; }
}

/// <summary>A claim was given back somewhere, or a node came: there may be room now.</summary>
public sealed record RoomAppeared;

/// <summary>A node started an instance.</summary>
public sealed record ProgramStarted(int Attempt, string ContainerId);

/// <summary>The health check of an instance passes.</summary>
public sealed record HealthPassed(int Attempt);

/// <summary>The health check of a running instance failed as often as it may.</summary>
public sealed record HealthLost(int Attempt, string Detail);

/// <summary>Nothing runs of an attempt any more, and its claim is given back.</summary>
public sealed record ProgramEnded(int Attempt, string Code, string Detail)
{
    public int? ExitCode { get; init; }
}

/// <summary>The step took too long, or a restart is due.</summary>
public sealed record StepOverdue;

/// <summary>The controller wants less: the runner is asked whether it can go.</summary>
public sealed record EndAsked;

/// <summary>What the runner said; no answer in time is a no.</summary>
/// <param name="Attempt">The attempt that was asked.</param>
/// <param name="CanAnswer">False when the program does not know the question.</param>
public sealed record EndDeclined(int Attempt, bool CanAnswer);

/// <summary>A job names the instance as its runner.</summary>
public sealed record JobTaken(string Platform, string JobId);

/// <summary>The job that it served is over, or was deleted.</summary>
public sealed record JobLeft(string Platform, string JobId);

/// <summary>The node of an instance is drained.</summary>
/// <param name="IsOverdue">The deadline of the drain is past.</param>
public sealed record NodeDrains(bool IsOverdue);

/// <summary>The instance that replaces this one on another node runs.</summary>
public sealed record ReplacementRuns;

/// <summary>Codes of the reasons why an instance is as it is.</summary>
public static class Reasons
{
    public const string NodeLost = "node_lost";
    public const string StartFailed = "start_failed";
    public const string Exited = "exited";
    public const string Unhealthy = "unhealthy";
    public const string NoRoom = "no_room";
    public const string StartDeadline = "start_deadline";
    public const string HealthDeadline = "health_deadline";
    public const string StopDeadline = "stop_deadline";
    public const string Ended = "ended";
    public const string Asked = "asked";
    public const string Reported = "reported";
    public const string JobCompleted = "job_completed";
    public const string Idle = "idle";
    public const string Drained = "drained";
    public const string AppGone = "app_gone";
}
