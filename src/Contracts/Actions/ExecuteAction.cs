using System.Text.Json;

namespace Orchestrator.Contracts.Actions;

/// <summary>
/// Command: run an action. A repeat with the same <see cref="DeploymentId"/> does nothing. Answered by
/// <see cref="DeploymentStarted"/> and later <see cref="DeploymentFinished"/>, or by <see cref="DeploymentRefused"/>
/// when there is no such action.
/// </summary>
[MessageName("orchestrator.actions.execute-action")]
public sealed record ExecuteAction
{
    /// <summary>Id of the deployment, made by the caller.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>Whose action; its own one of that name, else the generic one. At most 100 characters. Default: the generic one.</summary>
    public string? Application { get; init; }

    /// <summary>Name of the action. 1 to 100 characters.</summary>
    public required string Action { get; init; }

    /// <summary>What the deployment belongs to. 1 to 255 characters, not unique: a start and a stop share it.</summary>
    public required string GroupId { get; init; }

    /// <summary>What the first job takes. Default: nothing, which is an empty object where the job takes one.</summary>
    public JsonElement? Input { get; init; }
}
