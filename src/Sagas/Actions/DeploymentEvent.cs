using System.Diagnostics;

namespace Orchestrator.Sagas.Actions;

/// <summary>Something that happens to a deployment.</summary>
/// <param name="DeploymentId">To which.</param>
/// <param name="Message">A command of <c>Contracts.Actions</c>, or an <see cref="IAttemptFact"/>.</param>
public sealed record DeploymentEvent(Guid DeploymentId, object Message)
{
    /// <summary>A token's or a publisher's name; null: the deployment itself.</summary>
    public string? Actor { get; init; }

    /// <summary>With a command to execute: the list of jobs that the deployment is pinned to.</summary>
    public JobList? Jobs { get; init; }

    /// <summary>With a command to execute: what brought it.</summary>
    public ActivityContext Trace { get; init; }
}

/// <summary>What became of an event.</summary>
/// <param name="Deployment">As it is after it; null when there is no such deployment.</param>
/// <param name="Refusal">Why it was refused; null when it was not.</param>
public sealed record DeploymentMove(Deployment? Deployment, string? Refusal)
{
    public static readonly DeploymentMove NotFound = new(null, null);
}
