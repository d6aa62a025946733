namespace Orchestrator.Contracts.Actions;

/// <summary>Event: a deployment began.</summary>
[MessageName("orchestrator.actions.deployment-started")]
public sealed record DeploymentStarted
{
    public required Guid DeploymentId { get; init; }

    /// <summary>Empty: the generic action.</summary>
    public required string Application { get; init; }
    public required string Action { get; init; }
    public required string GroupId { get; init; }
}

/// <summary>Event: a deployment finished. After a redrive, or a retried rollback, it finishes again.</summary>
[MessageName("orchestrator.actions.deployment-finished")]
public sealed record DeploymentFinished
{
    public required Guid DeploymentId { get; init; }
    public required string Application { get; init; }
    public required string Action { get; init; }
    public required string GroupId { get; init; }

    /// <summary>Succeeded, RolledBack, RollbackFailed, Stopped or Incompatible.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it was rolled back, if it was.</summary>
    public string? RollbackError { get; init; }
}

/// <summary>Event: a command about a deployment was refused.</summary>
[MessageName("orchestrator.actions.deployment-refused")]
public sealed record DeploymentRefused
{
    public required Guid DeploymentId { get; init; }

    /// <summary>ACTION_NOT_FOUND, DEPLOYMENT_NOT_FOUND, ILLEGAL_TRANSITION or INVALID_INPUT.</summary>
    public required string Code { get; init; }

    /// <summary>For people: what the deployment's state is, and what the command needs.</summary>
    public required string Detail { get; init; }
}
