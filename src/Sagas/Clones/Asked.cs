namespace Orchestrator.Sagas.Clones;

/// <summary>A command that is valid, on its way to its saga within the process and the transaction of whoever took it.</summary>
/// <param name="Command">A command of the wire contract.</param>
/// <param name="Actor">Name of the token or of the publisher.</param>
public sealed record Asked<T>(T Command, string? Actor)
    where T : class
{
    /// <summary>The saga that it begins, if it begins one.</summary>
    public Guid NewId { get; init; } = Guid.CreateVersion7();
}
