namespace Orchestrator.Local.Servers;

/// <summary>
/// The two servers that Orchestrator needs: private ones below a directory, or those that the environment names
/// (<c>ORCHESTRATOR_POSTGRES</c>, <c>ORCHESTRATOR_RABBITMQ</c>, <c>ORCHESTRATOR_RABBITMQ_MANAGEMENT</c>).
/// </summary>
public sealed class LocalServers : IAsyncDisposable
{
    private LocalServers(PostgresServer postgres, RabbitMqServer rabbitMq)
    {
        Postgres = postgres;
        RabbitMq = rabbitMq;
    }

    public PostgresServer Postgres { get; }

    public RabbitMqServer RabbitMq { get; }

    /// <summary>
    /// Starts both at once, in <c>postgres/</c> and <c>rabbitmq/</c> of <paramref name="directory"/>, and returns when both are
    /// ready. They log into <paramref name="logs"/> (default: beside their data).
    /// </summary>
    /// <exception cref="ServerStartException">One of them is missing or does not start.</exception>
    public static async Task<LocalServers> StartAsync(string directory, string? logs = null, CancellationToken cancellationToken = default)
    {
        var servers = new LocalServers(
            NamedServers.Postgres() ?? new PrivatePostgres(Path.Combine(directory, "postgres"), LogFile(logs, "postgres.log")),
            NamedServers.RabbitMq() ?? new PrivateRabbitMq(Path.Combine(directory, "rabbitmq"), LogFile(logs, "rabbitmq.log")));
        try
        {
            await Task.WhenAll(
                (servers.Postgres as PrivatePostgres)?.StartAsync(cancellationToken) ?? Task.CompletedTask,
                (servers.RabbitMq as PrivateRabbitMq)?.StartAsync(cancellationToken) ?? Task.CompletedTask);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RabbitMq.DisposeAsync();
        await Postgres.DisposeAsync();
    }

    private static string? LogFile(string? logs, string name) => logs is null ? null : Path.Combine(logs, name);
}
