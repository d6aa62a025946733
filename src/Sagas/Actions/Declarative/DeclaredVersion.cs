using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>One version of a declared action, as it was registered.</summary>
public sealed record DeclaredVersion
{
    public required ActionKey Key { get; init; }

    /// <summary>From 1.</summary>
    public required int Version { get; init; }

    /// <summary>What deployments are pinned by.</summary>
    public required string Hash { get; init; }
    public required DefinitionFormat Format { get; init; }

    /// <summary>The text as it was sent.</summary>
    public required string Definition { get; init; }

    /// <summary>Who sent it.</summary>
    public string? Actor { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What became of a registration.</summary>
/// <param name="Version">The newest version now.</param>
/// <param name="IsNew">False when the newest version says the same already; then nothing was written.</param>
public sealed record Registration(DeclaredVersion Version, bool IsNew);
