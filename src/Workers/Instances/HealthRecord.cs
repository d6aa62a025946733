using Orchestrator.Sagas.Instances;

namespace Orchestrator.Workers.Instances;

/// <summary>What a check means after those before it.</summary>
public enum HealthChange
{
    None,
    Healthy,
    Unhealthy,
}

/// <summary>Counts passes and failures in a row.</summary>
public sealed class HealthRecord(HealthCheck check)
{
    private int _passes;
    private int _failures;

    public bool IsHealthy { get; private set; }

    /// <summary>Takes the result of a check; failures before <see cref="IsHealthy"/> mean that it is not ready yet.</summary>
    public HealthChange Take(bool passed)
    {
        (_passes, _failures) = passed ? (_passes + 1, 0) : (0, _failures + 1);
        if (!IsHealthy && _passes >= check.HealthyThreshold)
        {
            IsHealthy = true;
            return HealthChange.Healthy;
        }

        if (!IsHealthy || _failures < check.UnhealthyThreshold)
            return HealthChange.None;
        IsHealthy = false;
        return HealthChange.Unhealthy;
    }
}
