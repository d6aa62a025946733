namespace Orchestrator.Contracts.Actions;

/// <summary>
/// Command: stop a deployment. The running job's token is cancelled; when the job has ended, whatever it made of that,
/// the deployment rolls back from it. Refused once it rolls back or has finished.
/// </summary>
[MessageName("orchestrator.actions.stop-deployment")]
public sealed record StopDeployment
{
    public required Guid DeploymentId { get; init; }
}

/// <summary>
/// Command: begin no further job, or rollback handler, of a deployment. One that runs ends first. Refused once the
/// deployment has finished, or is being stopped.
/// </summary>
[MessageName("orchestrator.actions.suspend-deployment")]
public sealed record SuspendDeployment
{
    public required Guid DeploymentId { get; init; }
}

/// <summary>Command: go on with a suspended deployment. Refused when it is not suspended.</summary>
[MessageName("orchestrator.actions.resume-deployment")]
public sealed record ResumeDeployment
{
    public required Guid DeploymentId { get; init; }
}

/// <summary>
/// Command: go on with a deployment that finished without success, from the job that failed, with the input that it had.
/// An incompatible one goes on where it was. Refused when it runs, or succeeded.
/// </summary>
[MessageName("orchestrator.actions.redrive-deployment")]
public sealed record RedriveDeployment
{
    public required Guid DeploymentId { get; init; }

    /// <summary>From this job on instead: one before the failed one, since what was rolled back may have to run again. Default: the failed one.</summary>
    public string? Job { get; init; }
}

/// <summary>Command: run the rollback handlers that failed, and those after them, again. Refused unless a rollback failed.</summary>
[MessageName("orchestrator.actions.retry-rollback")]
public sealed record RetryRollback
{
    public required Guid DeploymentId { get; init; }
}

/// <summary>
/// Command: an operator has undone by hand what the failed rollback handlers should have: go on without them. Refused
/// unless a rollback failed.
/// </summary>
[MessageName("orchestrator.actions.skip-rollback")]
public sealed record SkipRollback
{
    public required Guid DeploymentId { get; init; }

    /// <summary>Skip the failed handler of this job only. Default: all failed ones.</summary>
    public string? Job { get; init; }
}

/// <summary>
/// Command: an attempt of a job is to be run. Any worker that knows the list of jobs may claim it; to the others, and
/// once it is claimed, it means nothing.
/// </summary>
[MessageName("orchestrator.actions.run-job")]
public sealed record RunJob
{
    public required Guid DeploymentId { get; init; }

    /// <summary>From 1, over all jobs of the deployment; it fences.</summary>
    public required int Attempt { get; init; }
    public required string Job { get; init; }

    /// <summary>Of the list of jobs that the deployment is pinned to.</summary>
    public required string Hash { get; init; }
}
