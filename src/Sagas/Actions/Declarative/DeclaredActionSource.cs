using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>
/// Gives declared actions to whoever runs them. The newest version is asked of the database each time, so that what one
/// replica was told all know at once; versions themselves never change and are kept.
/// </summary>
public sealed class DeclaredActionSource(
    DeclaredActionStore store, DefinitionReader reader, DeclaredActionBuilder builder, ILogger<DeclaredActionSource> logger) : IActionSource
{
    private readonly ConcurrentDictionary<string, ActionDefinition> _byHash = new(StringComparer.Ordinal);

    public async Task<ActionDefinition?> FindAsync(ActionKey key, CancellationToken cancellationToken) =>
        await store.NewestHashAsync(key, cancellationToken) is { } hash ? await FindAsync(hash, cancellationToken) : null;

    public async Task<ActionDefinition?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        if (_byHash.TryGetValue(hash, out var known))
            return known;
        if (await store.FindAsync(hash, cancellationToken) is not { } version || Build(version) is not { } action)
            return null;
        return _byHash.GetOrAdd(hash, action);
    }

    public async Task<IReadOnlyList<ActionDefinition>> AllAsync(CancellationToken cancellationToken)
    {
        var actions = new List<ActionDefinition>();
        foreach (var hash in await store.NewestHashesAsync(cancellationToken))
        {
            if (await FindAsync(hash, cancellationToken) is { } action)
                actions.Add(action);
        }

        return actions;
    }

    // Another release may have accepted what this one does not know, such as a built-in job: then others run it.
    private ActionDefinition? Build(DeclaredVersion version)
    {
        try
        {
            var action = builder.Build(reader.Read(version.Definition, version.Format), version.Version);
            if (string.Equals(action.Hash, version.Hash, StringComparison.Ordinal))
                return action;
            logger.LogWarning("Version {Version} of action {Action} reads differently here than where it was registered", version.Version, version.Key.Name);
        }
        catch (InvalidDefinitionException exception)
        {
            logger.LogWarning("Version {Version} of action {Action} cannot be run here: {Reason}", version.Version, version.Key.Name, exception.Message);
        }

        return null;
    }
}
