using System.Diagnostics;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>Our own source of spans.</summary>
public static class OrchestratorActivity
{
    public const string SourceName = "Orchestrator";

    public static ActivitySource Source { get; } = new(SourceName);
}
