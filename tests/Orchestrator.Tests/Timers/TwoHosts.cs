using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Timers;

/// <summary>Two processes that share a place, for the tests of one class.</summary>
public sealed class TwoHosts(Servers servers) : IAsyncLifetime
{
    public Place Place { get; private set; } = null!;

    public AlarmHost First { get; private set; } = null!;

    public AlarmHost Second { get; private set; } = null!;

    /// <summary>What came to either of them.</summary>
    public IReadOnlyList<Ring> Rings => [.. First.Rings.All, .. Second.Rings.All];

    public PostgresServer Postgres => servers.Postgres;

    public Task<Place> CreatePlaceAsync() => servers.CreatePlaceAsync();

    /// <summary>On the clock that timers go by.</summary>
    public async Task<DateTimeOffset> NowAsync() => new(await Place.ScalarAsync<DateTime>("SELECT database_now()"));

    public async ValueTask InitializeAsync()
    {
        Place = await servers.CreatePlaceAsync();
        First = await AlarmHost.StartAsync(Place);
        Second = await AlarmHost.StartAsync(Place);
    }

    public async ValueTask DisposeAsync()
    {
        if (Second is not null)
            await Second.DisposeAsync();
        if (First is not null)
            await First.DisposeAsync();
        if (Place is not null)
            await Place.DisposeAsync();
    }
}
