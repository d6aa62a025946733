using MassTransit;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Sagas;

/// <summary>A host with the order saga and its place, for the tests of one class; each finds them empty.</summary>
public sealed class SagaStand(Servers servers) : IAsyncDisposable
{
    private Place? _place;
    private SagaHost? _host;

    public Place Place => _place!;

    public SagaHost Host => _host!;

    /// <summary>Starts the host, or removes what the test before left.</summary>
    public async Task StartAsync(Action<ISagaRegistrationConfigurator<Order>> useStorage)
    {
        if (_host is not null)
        {
            foreach (var table in (string[])["test_order", "dead_letter", "timer"])
                await Place.ExecuteAsync($"DELETE FROM {table}");
            return;
        }

        _place = await servers.CreatePlaceAsync();
        await _place.ExecuteAsync(OrderContext.Schema);
        _host = await SagaHost.StartAsync(_place, useStorage);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_place is not null)
            await _place.DisposeAsync();
    }
}
