using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Orchestrator.Workers.Runtimes;

/// <summary>Names what the runtime cannot enforce on this machine. It works all the same, so the answer stays 200.</summary>
public sealed class RuntimeCheck(IRuntime runtime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        runtime.Shortcomings.Count == 0
            ? HealthCheckResult.Healthy(runtime.Name)
            : HealthCheckResult.Degraded($"{runtime.Name}: {string.Join(' ', runtime.Shortcomings)}"));
}
