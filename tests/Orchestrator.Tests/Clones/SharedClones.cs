using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>One control plane with a storage in memory, for tests that leave each other's clones alone.</summary>
[CollectionDefinition(nameof(SharedClones))]
public sealed class SharedClonesCollection : ICollectionFixture<SharedClones>;

/// <inheritdoc cref="SharedClonesCollection"/>
public sealed class SharedClones(Servers servers) : IAsyncLifetime
{
    public CloneControl Control { get; private set; } = null!;

    /// <summary>A snapshot that is always there.</summary>
    public string Snapshot { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Control = await CloneControl.StartAsync(servers, ("Clones:MaxIdleMinutes", "120"));
        Snapshot = await Control.TakeSnapshotAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Control is not null)
            await Control.DisposeAsync();
    }
}
