namespace Orchestrator.Sagas.Jobs;

/// <summary>A kind of machine that can be made (seed: <c>Flavor</c>).</summary>
public sealed class Flavor
{
    public required string Platform { get; init; }
    public required string Name { get; init; }
    public required string[] Labels { get; init; }
    public required int Priority { get; init; }
    public required bool IsDisabled { get; init; }
    public required int MinimumPressure { get; init; }
    public int? MaximumPressure { get; init; }

    /// <summary>App of the instances that serve the demand; null: they are not made by us.</summary>
    public long? ProvisionApp { get; init; }
    public long? ProvisionRegion { get; init; }
    public string? ProvisionInstanceType { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
}
