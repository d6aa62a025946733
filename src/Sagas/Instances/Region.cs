namespace Orchestrator.Sagas.Instances;

/// <summary>A place where nodes are.</summary>
public sealed class Region
{
    /// <summary>Drawn by the database.</summary>
    public long Id { get; init; }

    /// <summary>Unique, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}
