using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Orchestrator.Workers.Actions;

/// <summary>A worker is ready when others can look up which actions it runs.</summary>
public sealed class ActionsCheck(WaitingAttempts waiting) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(waiting.IsAdvertised ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("the lists of jobs are not advertised yet"));
}
