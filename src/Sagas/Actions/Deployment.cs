using System.Text.Json.Serialization;
using MassTransit;

namespace Orchestrator.Sagas.Actions;

/// <summary>One execution of an action: a row of <c>action_deployments</c>.</summary>
public sealed class Deployment : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }

    /// <summary>A state of <see cref="DeploymentStateMachine"/>.</summary>
    public string State { get; set; } = "Initial";

    /// <summary>The seed's: Running, Rollback or Finished.</summary>
    public string Status { get; set; } = DeploymentStatus.Running;

    /// <summary>One of <see cref="DeploymentOutcome"/> once finished.</summary>
    public string? Outcome { get; set; }

    /// <summary>As it was asked for; empty: none.</summary>
    public string Application { get; set; } = "";
    public string Action { get; set; } = "";
    public string GroupId { get; set; } = "";

    /// <summary>Of the list of jobs that it runs.</summary>
    public string Hash { get; set; } = "";

    /// <summary>The job, or in a rollback the job whose handler, is to be run, runs, or ran last.</summary>
    public string CurrentJob { get; set; } = "";

    /// <summary>Number of the last attempt, over all jobs. What comes from another one is late and counts for nothing.</summary>
    public int Attempt { get; set; }

    /// <summary>True while that attempt is scheduled or runs.</summary>
    public bool IsAttemptOpen { get; set; }

    /// <summary>Failed attempts of the current step.</summary>
    public int Tries { get; set; }

    /// <summary>Attempts of the current step whose worker died.</summary>
    public int Losses { get; set; }

    public bool IsStopRequested { get; set; }

    /// <summary>Why it is rolled back.</summary>
    public string? RollbackError { get; set; }

    /// <summary>Name of the exception's type.</summary>
    public string? RollbackErrorType { get; set; }

    public string? FailedJob { get; set; }

    /// <summary>Jobs whose handlers are still to be run, the next one first.</summary>
    public List<string> PendingRollbacks { get; set; } = [];

    /// <summary>Jobs whose handlers failed, in the order in which they did.</summary>
    public List<string> FailedRollbacks { get; set; } = [];

    /// <summary>What an operator has to look at; null when there is nothing.</summary>
    public string? Incident { get; set; }

    /// <summary>The shared state: alias and JSON.</summary>
    public string? StoreType { get; set; }
    public string? Store { get; set; }

    /// <summary>What the last job returned: alias and JSON.</summary>
    public string? OutputType { get; set; }
    public string? Output { get; set; }

    public string? TraceId { get; set; }

    /// <summary>W3C trace context that every span of the deployment has as its parent.</summary>
    public string? TraceParent { get; set; }

    /// <summary>Who asked for it.</summary>
    public string? Actor { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>What one event leads to; not part of the row.</summary>
    [JsonIgnore]
    public DeploymentStep Step { get; set; } = new();
}

/// <summary>The seed's words for where a deployment is.</summary>
public static class DeploymentStatus
{
    public const string Running = "Running";
    public const string Rollback = "Rollback";
    public const string Finished = "Finished";

    public static readonly IReadOnlyList<string> All = [Running, Rollback, Finished];
}

/// <summary>How a deployment ended.</summary>
public static class DeploymentOutcome
{
    /// <summary>Every job ran.</summary>
    public const string Succeeded = "Succeeded";

    /// <summary>A job failed, and what ran was undone.</summary>
    public const string RolledBack = "RolledBack";

    /// <summary>A job failed or a user stopped it, and a handler failed: an open incident.</summary>
    public const string RollbackFailed = "RollbackFailed";

    /// <summary>A user stopped it, and what ran was undone.</summary>
    public const string Stopped = "Stopped";

    /// <summary>No worker knows its list of jobs: an open incident.</summary>
    public const string Incompatible = "Incompatible";

    public static readonly IReadOnlyList<string> All = [Succeeded, RolledBack, RollbackFailed, Stopped, Incompatible];
}
