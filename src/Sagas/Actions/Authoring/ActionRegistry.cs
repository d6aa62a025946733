using System.Collections.Immutable;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>The actions that this process can run. Safe for use by many threads.</summary>
public sealed class ActionRegistry
{
    private readonly Lock _writing = new();
    private volatile Known _known = new(
        ImmutableDictionary<ActionKey, ActionDefinition>.Empty, ImmutableDictionary<string, ActionDefinition>.Empty.WithComparers(StringComparer.Ordinal));

    public ActionRegistry()
    {
    }

    /// <summary>Registers what the host's services hold.</summary>
    /// <exception cref="ActionException">Two of them have the same application and name.</exception>
    public ActionRegistry(IEnumerable<ActionDefinition> actions)
    {
        foreach (var action in actions)
            Register(action);
    }

    /// <summary>The newest definition of each action.</summary>
    public IReadOnlyCollection<ActionDefinition> Actions => [.. _known.ByKey.Values];

    /// <summary>Hashes of all definitions, older versions included.</summary>
    public IReadOnlyCollection<string> Hashes => [.. _known.ByHash.Keys];

    /// <summary>Adds an action.</summary>
    /// <exception cref="ActionIsNilException">It is null.</exception>
    /// <exception cref="ActionExistsException">The application has one of that name.</exception>
    public void Register(ActionDefinition? action)
    {
        if (action is null)
            throw new ActionIsNilException();
        lock (_writing)
        {
            if (_known.ByKey.ContainsKey(action.Key))
                throw new ActionExistsException(action.Key.Application, action.Key.Name);
            Add(action);
        }
    }

    /// <summary>
    /// Adds a version of an action: new deployments run it, those of older versions go on as they began. A version that
    /// is known already, or is older than the newest, can be run and is not what new deployments run.
    /// </summary>
    public void RegisterVersion(ActionDefinition action)
    {
        lock (_writing)
        {
            if (_known.ByHash.ContainsKey(action.Hash))
                return;
            if (_known.ByKey.TryGetValue(action.Key, out var newest) && newest.Version > action.Version)
                _known = _known with { ByHash = _known.ByHash.SetItem(action.Hash, action) };
            else
                Add(action);
        }
    }

    /// <summary>The application's action of that name, else the generic one; null when there is neither.</summary>
    /// <exception cref="NoActionNameException">There is no name.</exception>
    public ActionDefinition? TryFind(string? application, string? name)
    {
        var key = ActionKey.Of(application, name);
        var known = _known.ByKey;
        return known.GetValueOrDefault(key) ?? known.GetValueOrDefault(key with { Application = "" });
    }

    /// <summary>Exactly this action; null when it is not registered.</summary>
    public ActionDefinition? FindOwn(ActionKey key) => _known.ByKey.GetValueOrDefault(key);

    /// <inheritdoc cref="TryFind"/>
    /// <exception cref="ActionNotFoundException">There is neither.</exception>
    public ActionDefinition Find(string? application, string? name) =>
        TryFind(application, name) ?? throw new ActionNotFoundException(application, name!);

    /// <summary>The definition with this list of jobs; null when this process does not know it.</summary>
    public ActionDefinition? FindByHash(string hash) => _known.ByHash.GetValueOrDefault(hash);

    private void Add(ActionDefinition action) => _known = new Known(
        _known.ByKey.SetItem(action.Key, action), _known.ByHash.SetItem(action.Hash, action));

    private sealed record Known(
        ImmutableDictionary<ActionKey, ActionDefinition> ByKey, ImmutableDictionary<string, ActionDefinition> ByHash);
}
