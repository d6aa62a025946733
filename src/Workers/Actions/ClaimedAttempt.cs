using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Workers.Actions;

/// <summary>An attempt that this worker has, with all that it takes to run it.</summary>
public sealed record ClaimedAttempt
{
    public required Guid DeploymentId { get; init; }
    public required int Attempt { get; init; }
    public required string Job { get; init; }
    public required bool IsRollback { get; init; }

    /// <summary>Counts attempts that failed, from 1.</summary>
    public required int Try { get; init; }
    public required string Hash { get; init; }
    public required string Application { get; init; }
    public required string Action { get; init; }
    public required string GroupId { get; init; }
    public required JobValue Input { get; init; }
    public JobValue? Store { get; init; }

    /// <summary>Why the deployment rolls back; null while it does not.</summary>
    public JobFailure? Failure { get; init; }
    public string? TraceParent { get; init; }

    public JobIdentity Identity => new()
    {
        DeploymentId = DeploymentId,
        GroupId = GroupId,
        Application = Application,
        Action = Action,
        Job = Job,
        Attempt = Attempt,
        IsRollback = IsRollback,
    };
}
