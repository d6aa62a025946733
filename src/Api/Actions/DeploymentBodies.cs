using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Actions;

namespace Orchestrator.Api.Actions;

/// <summary>A deployment to be begun.</summary>
public sealed record DeploymentRequest
{
    /// <summary>The caller's own id for the deployment; asked for twice it is begun once. Default: a new one.</summary>
    public Guid? Id { get; init; }

    /// <summary>Whose action; its own one of that name, else the generic one. Default: the generic one.</summary>
    public string? Application { get; init; }

    /// <summary>Name of the action, 1 to 100 characters.</summary>
    public string? Action { get; init; }

    /// <summary>What the deployment belongs to, 1 to 255 characters; not unique.</summary>
    public string? GroupId { get; init; }

    /// <summary>What the first job takes. Default: nothing, which is an empty object where the job takes one.</summary>
    public JsonElement? Input { get; init; }
}

/// <summary>Where to redrive from, or whose handler to skip.</summary>
public sealed record JobRequest
{
    /// <summary>Name of a job.</summary>
    public string? Job { get; init; }
}

/// <summary>A deployment as it is answered.</summary>
public record DeploymentBody
{
    public required Guid Id { get; init; }
    public required string Action { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Application { get; init; }
    public required string GroupId { get; init; }

    /// <summary>Running, Rollback or Finished.</summary>
    public required string Status { get; init; }

    /// <summary>Succeeded, RolledBack, RollbackFailed, Stopped or Incompatible; null until it has finished.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Outcome { get; init; }

    /// <summary>The job that runs, or whose rollback handler does, or that ran last.</summary>
    public required string CurrentJob { get; init; }

    /// <summary>The error that made it roll back.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? RollbackError { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? TraceId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>True while no further job begins.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>True when a user stopped it.</summary>
    public bool IsStopRequested { get; init; }

    /// <summary>What an operator has to look at; absent when there is nothing.</summary>
    public string? Incident { get; init; }

    /// <summary>The job that failed.</summary>
    public string? FailedJob { get; init; }

    /// <summary>Tells lists of jobs apart.</summary>
    public required string Hash { get; init; }

    /// <summary>Of the list: every attempt, in their order.</summary>
    public IReadOnlyList<AttemptBody>? Attempts { get; init; }

    /// <summary>What the last job returned.</summary>
    public JsonElement? Output { get; init; }

    public static DeploymentBody Of(Deployment deployment, IReadOnlyList<AttemptRow>? attempts = null) => new()
    {
        Id = deployment.CorrelationId,
        Action = deployment.Action,
        Application = deployment.Application.Length == 0 ? null : deployment.Application,
        GroupId = deployment.GroupId,
        Status = deployment.Status,
        Outcome = deployment.Outcome,
        CurrentJob = deployment.CurrentJob,
        RollbackError = deployment.RollbackError,
        TraceId = deployment.TraceId,
        CreatedAt = deployment.CreatedAt,
        FinishedAt = deployment.FinishedAt,
        IsSuspended = deployment.State is nameof(DeploymentStateMachine.Suspended) or nameof(DeploymentStateMachine.RollbackSuspended),
        IsStopRequested = deployment.IsStopRequested,
        Incident = deployment.Incident,
        FailedJob = deployment.FailedJob,
        Hash = deployment.Hash,
        Attempts = attempts is null ? null : [.. attempts.Select(AttemptBody.Of)],
        Output = deployment.Output is { } output && attempts is not null ? JsonElement.Parse(output) : null,
    };
}

/// <summary>One attempt of a job, or of its rollback handler.</summary>
public sealed record AttemptBody
{
    /// <summary>From 1, over all jobs of the deployment.</summary>
    public required int Attempt { get; init; }
    public required string Job { get; init; }
    public required bool IsRollback { get; init; }

    /// <summary>Counts the attempts of the step that failed, from 1.</summary>
    public required int Try { get; init; }

    /// <summary>Scheduled, Running or Ended.</summary>
    public required string State { get; init; }

    /// <summary>Succeeded, Failed, Lost (its worker died) or Withdrawn; absent until it has ended.</summary>
    public string? Outcome { get; init; }
    public string? Error { get; init; }

    /// <summary>Machine and process that ran it.</summary>
    public string? Worker { get; init; }
    public required DateTimeOffset ScheduledAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    public static AttemptBody Of(AttemptRow row) => new()
    {
        Attempt = row.Attempt,
        Job = row.Job,
        IsRollback = row.IsRollback,
        Try = row.Try,
        State = row.State,
        Outcome = row.Outcome,
        Error = row.Error,
        Worker = row.WorkerName,
        ScheduledAt = row.ScheduledAt,
        StartedAt = row.StartedAt,
        EndedAt = row.EndedAt,
    };
}

/// <summary>A page of deployments.</summary>
public sealed record DeploymentPage(
    IReadOnlyList<DeploymentBody> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>An error of a deployment.</summary>
public sealed record DeploymentErrorBody(string Job, string Error, DateTimeOffset At);

/// <summary>A page of errors.</summary>
public sealed record DeploymentErrorPage(
    IReadOnlyList<DeploymentErrorBody> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>Data of a job.</summary>
/// <param name="Job">Whose.</param>
/// <param name="Type">input, job, or a kind of the job's own.</param>
/// <param name="DataType">The stable alias of the data's type.</param>
/// <param name="Data">The data.</param>
/// <param name="At">When it was stored last.</param>
public sealed record DeploymentDataBody(string Job, string Type, string DataType, JsonElement Data, DateTimeOffset At);

/// <summary>What is stored for a deployment.</summary>
public sealed record DeploymentDataList(
    IReadOnlyList<DeploymentDataBody> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>An action that can be executed.</summary>
public sealed record ActionBody
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Application { get; init; }
    public required string Action { get; init; }

    /// <summary>code or declared.</summary>
    public required string Source { get; init; }

    /// <summary>Of a declared action.</summary>
    public int? Version { get; init; }
    public string? Description { get; init; }

    /// <summary>Alias of what it takes; nil: nothing.</summary>
    public required string InputType { get; init; }

    /// <summary>JSON Schema of what it takes.</summary>
    public JsonElement? InputSchema { get; init; }
    public required string Hash { get; init; }
    public required IReadOnlyList<ListedJob> Jobs { get; init; }

    public static ActionBody Of(JobList list) => new()
    {
        Application = list.Application.Length == 0 ? null : list.Application,
        Action = list.Action,
        Source = list.Source,
        Version = list.Version,
        Description = list.Description,
        InputType = list.InputType,
        InputSchema = list.InputSchema is { } schema ? JsonElement.Parse(schema) : null,
        Hash = list.Hash,
        Jobs = list.Jobs,
    };
}

/// <summary>Every action.</summary>
public sealed record ActionPage(
    IReadOnlyList<ActionBody> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);
