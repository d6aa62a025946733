namespace Orchestrator.Contracts.Actions;

/// <summary>Event: a version of a declared action was registered; deployments that begin from now on run it.</summary>
[MessageName("orchestrator.actions.action-registered")]
public sealed record ActionRegistered
{
    /// <summary>Empty: the generic action.</summary>
    public required string Application { get; init; }
    public required string Action { get; init; }

    /// <summary>From 1.</summary>
    public required int Version { get; init; }

    /// <summary>What deployments of this version are pinned by.</summary>
    public required string Hash { get; init; }
}

/// <summary>Event: a declared action was deleted; no further deployment begins, those that run go on.</summary>
[MessageName("orchestrator.actions.action-deleted")]
public sealed record ActionDeleted
{
    public required string Application { get; init; }
    public required string Action { get; init; }
}
