namespace Orchestrator.Contracts.Jobs;

/// <summary>Event: a flavor was added.</summary>
[MessageName("orchestrator.jobs.flavor-added")]
public sealed record FlavorAdded
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
}

/// <summary>Event: a flavor was changed, enabled or disabled.</summary>
[MessageName("orchestrator.jobs.flavor-updated")]
public sealed record FlavorUpdated
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
    public required bool IsDisabled { get; init; }
}

/// <summary>Event: a flavor was removed.</summary>
[MessageName("orchestrator.jobs.flavor-deleted")]
public sealed record FlavorDeleted
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
}

/// <summary>Event: a command about a flavor could not be carried out.</summary>
[MessageName("orchestrator.jobs.flavor-refused")]
public sealed record FlavorRefused
{
    public required string Platform { get; init; }
    public required string Name { get; init; }

    /// <summary><c>FLAVOR_EXISTS</c> or <c>FLAVOR_NOT_FOUND</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The same in words.</summary>
    public required string Detail { get; init; }
}
