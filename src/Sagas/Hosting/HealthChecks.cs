using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Hosting;

/// <summary>The database answers.</summary>
public sealed class PostgresCheck(NpgsqlDataSource source) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(TimeSpan.FromSeconds(3));
            await using var command = source.CreateCommand("SELECT 1 FROM \"__EFMigrationsHistory\" LIMIT 1");
            await command.ExecuteScalarAsync(deadline.Token);
            return HealthCheckResult.Healthy();
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable)
        {
            return HealthCheckResult.Unhealthy("The database has no schema yet: run the worker with --migrate.");
        }
        catch (Exception exception)
        {
            return HealthCheckResult.Unhealthy(exception.GetBaseException().Message);
        }
    }
}

/// <summary>The broker takes messages from the outbox.</summary>
public sealed class BrokerCheck(BrokerPublisher publisher) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await publisher.TryConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The broker is away.");
}

/// <summary>
/// Every receive endpoint is bound. MassTransit's own check calls a bus with some bad endpoints degraded, which
/// answers 200; here one bad endpoint is enough, and it is named.
/// </summary>
public sealed class EndpointsCheck(IBusControl bus) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var health = bus.CheckHealth();
        var bad = health.Endpoints
            .Where(endpoint => endpoint.Value.Status is not BusHealthStatus.Healthy)
            .Select(endpoint => $"{QueueDepths.NameOf(endpoint.Key)}: {endpoint.Value.Exception?.GetBaseException().Message ?? endpoint.Value.Description}")
            .ToList();
        if (bad.Count > 0)
            return Task.FromResult(HealthCheckResult.Unhealthy(string.Join("; ", bad)));
        return Task.FromResult(health.Status is BusHealthStatus.Healthy
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(health.Description));
    }
}

/// <summary>Committed messages leave the outbox in time.</summary>
public sealed class OutboxCheck(NpgsqlDataSource source, IOptions<OutboxOptions> options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var lag = await OutboxTable.ReadLagAsync(source, cancellationToken) ?? TimeSpan.Zero;
            return lag <= options.Value.LagBound
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"The oldest message in the outbox waits for {lag:c}, more than {options.Value.LagBound:c}.");
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy(exception.GetBaseException().Message);
        }
    }
}
