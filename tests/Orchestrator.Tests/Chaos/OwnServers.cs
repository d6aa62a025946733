using System.Diagnostics;
using Npgsql;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Chaos;

/// <summary>Runs that stop servers do so to servers of their own.</summary>
[CollectionDefinition(nameof(OwnServersCollection), DisableParallelization = true)]
public sealed class OwnServersCollection : ICollectionFixture<OwnServers>;

/// <inheritdoc cref="OwnServersCollection"/>
public sealed class OwnServers : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _directory = Checkout.RunDirectory("test", $"{Environment.ProcessId}-chaos");

    public PrivatePostgres Postgres { get; private set; } = null!;

    public PrivateRabbitMq RabbitMq { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Postgres = new PrivatePostgres(Path.Combine(_directory, "postgres"));
        RabbitMq = new PrivateRabbitMq(Path.Combine(_directory, "rabbitmq"));
        await Task.WhenAll(Postgres.StartAsync(), RabbitMq.StartAsync());
    }

    public async Task<Place> CreatePlaceAsync()
    {
        var name = $"t{Guid.CreateVersion7():N}";
        await Postgres.CreateDatabaseAsync(name);
        await Infrastructure.Host.MigrateAsync(Postgres.ConnectionString(name));
        await RabbitMq.CreateVhostAsync(name);
        return new Place(Postgres.ConnectionString(name), RabbitMq.AmqpUri(name), async () =>
        {
            await RabbitMq.DeleteVhostAsync(name);
            await Postgres.DropDatabaseAsync(name);
        });
    }

    /// <summary>
    /// Stops a server until every host is seen to be red, starts it again, and gives the time from the first connection
    /// that it accepts until every host is green.
    /// </summary>
    public async Task<TimeSpan> RestartAsync(Func<Task> stop, Func<Task> start, Func<Task> connect, params Infrastructure.Host[] hosts)
    {
        await stop();
        foreach (var host in hosts)
            await Wait.UntilAsync(async () => !await host.IsReadyAsync(), $"red: {host.LogFile}");
        var starting = start();
        await Wait.UntilAsync(() => CanAsync(connect), "accepting connections", Patience);
        var clock = Stopwatch.StartNew();
        foreach (var host in hosts)
            await host.UntilReadyAsync(Patience);
        var elapsed = clock.Elapsed;
        await starting;
        return elapsed;
    }

    public async Task ConnectToRabbitMqAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = RabbitMq.AmqpUri() }.CreateConnectionAsync();
    }

    public async Task ConnectToPostgresAsync()
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Postgres.ConnectionString("postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await RabbitMq.DisposeAsync();
        await Postgres.DisposeAsync();
        PrivateRabbitMq.Delete(Path.Combine(_directory, "rabbitmq"));
        PrivatePostgres.Delete(Path.Combine(_directory, "postgres"));
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    private static async Task<bool> CanAsync(Func<Task> connect)
    {
        try
        {
            await connect();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
