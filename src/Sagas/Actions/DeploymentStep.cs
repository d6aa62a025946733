using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions;

/// <summary>What surrounds one event of a deployment, and what is to be written because of it, all in one commit.</summary>
public sealed class DeploymentStep
{
    /// <summary>The list of jobs that the deployment is pinned to.</summary>
    public JobList Jobs { get; init; } = JobList.Empty;

    /// <summary>True when a worker has the current attempt already.</summary>
    public bool IsClaimed { get; init; }

    /// <summary>Who caused the event: a token's or a publisher's name; null: the deployment itself.</summary>
    public string? Actor { get; init; }

    /// <summary>Why the event was refused; null: it was not.</summary>
    public string? Refusal { get; set; }

    public NewAttempt? Begun { get; set; }
    public EndedAttempt? Ended { get; set; }
    public JobInput? Input { get; set; }
    public List<JobError> Errors { get; } = [];
    public List<object> Events { get; } = [];
    public List<TimelineLine> Lines { get; } = [];
}

/// <summary>An attempt to be scheduled.</summary>
public sealed record NewAttempt(int Attempt, string Job, bool IsRollback, int Try, TimeSpan Delay);

/// <summary>An attempt that is over.</summary>
/// <param name="Attempt">Its number.</param>
/// <param name="Outcome">One of <see cref="AttemptOutcome"/>.</param>
/// <param name="Error">What was wrong with it.</param>
public sealed record EndedAttempt(int Attempt, string Outcome, string? Error);

/// <summary>The input of a job, stored before it runs.</summary>
public sealed record JobInput(string Job, JobValue Value);

/// <summary>A row of <c>action_deployments_errors</c>.</summary>
public sealed record JobError(string Job, string Error);

/// <summary>A line of the timeline.</summary>
public sealed record TimelineLine(string What, string? Reason);

/// <summary>How an attempt ended.</summary>
public static class AttemptOutcome
{
    public const string Succeeded = "Succeeded";
    public const string Failed = "Failed";

    /// <summary>Its worker died, or handed it back.</summary>
    public const string Lost = "Lost";

    /// <summary>It was taken back before a worker had it.</summary>
    public const string Withdrawn = "Withdrawn";
}
