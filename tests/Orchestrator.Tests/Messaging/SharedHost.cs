using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

/// <summary>One process for the tests that leave it alone: each keeps to a platform or to job ids of its own.</summary>
[CollectionDefinition(nameof(SharedHost))]
public sealed class SharedHostCollection : ICollectionFixture<SharedHost>;

/// <inheritdoc cref="SharedHostCollection"/>
public sealed class SharedHost(Servers servers) : IAsyncLifetime
{
    private Host? _host;
    private Place? _place;

    public Place Place => _place!;

    /// <summary>Comes with the admin token.</summary>
    public HttpClient Client => _host!.Client;

    public async ValueTask InitializeAsync()
    {
        _place = await servers.CreatePlaceAsync();
        _host = await Host.StartAllAsync(_place);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_place is not null)
            await _place.DisposeAsync();
    }
}
