namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// Actions that are kept elsewhere than in code. A process that meets one which it does not know asks here, so that what
/// one process was given all can run.
/// </summary>
public interface IActionSource
{
    /// <summary>The newest version of the application's own action of that name; null when there is none.</summary>
    Task<ActionDefinition?> FindAsync(ActionKey key, CancellationToken cancellationToken);

    /// <summary>The version with this list of jobs; null when there is none.</summary>
    Task<ActionDefinition?> FindAsync(string hash, CancellationToken cancellationToken);

    /// <summary>The newest version of every action.</summary>
    Task<IReadOnlyList<ActionDefinition>> AllAsync(CancellationToken cancellationToken);
}
