namespace Orchestrator.Bench;

/// <summary>A measurement that cannot count: something was lost, late beyond all bounds, or did not start.</summary>
public sealed class MeasurementException(string message) : Exception(message);
