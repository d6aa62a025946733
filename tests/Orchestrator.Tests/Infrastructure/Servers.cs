using Orchestrator.Local.Servers;

[assembly: AssemblyFixture(typeof(Orchestrator.Tests.Infrastructure.Servers))]

namespace Orchestrator.Tests.Infrastructure;

/// <summary>One private Postgres and one private RabbitMQ for the whole run; each test place gets its own database and vhost.</summary>
public sealed class Servers : IAsyncDisposable
{
    private const string Template = "template_orchestrator";

    private readonly SemaphoreSlim _creating = new(1, 1);
    private LocalServers? _servers;

    public PostgresServer Postgres => _servers!.Postgres;

    public RabbitMqServer RabbitMq => _servers!.RabbitMq;

    /// <summary>A migrated database and a virtual host that nobody else uses.</summary>
    public async Task<Place> CreatePlaceAsync()
    {
        var name = $"t{Guid.CreateVersion7():N}";
        await _creating.WaitAsync();
        try
        {
            // Started by the first test that needs them: a test of a page needs none.
            if (_servers is null)
                await StartAsync();
            await Postgres.ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {Template}");
        }
        finally
        {
            _creating.Release();
        }

        await RabbitMq.CreateVhostAsync(name);
        return new Place(Postgres.ConnectionString(name), RabbitMq.AmqpUri(name), async () =>
        {
            await RabbitMq.DeleteVhostAsync(name);
            await Postgres.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
        });
    }

    private async Task StartAsync()
    {
        _servers = await LocalServers.StartAsync(Checkout.RunDirectory("test", $"{Environment.ProcessId}"));
        await Postgres.CreateDatabaseAsync(Template);
        await Host.MigrateAsync(Postgres.ConnectionString(Template));
    }

    public async ValueTask DisposeAsync()
    {
        _creating.Dispose();
        if (_servers is null)
            return;
        await _servers.DisposeAsync();
        Directory.Delete(Checkout.RunDirectory("test", $"{Environment.ProcessId}"), recursive: true);
    }
}
