namespace Orchestrator.Bench.Reports;

/// <summary>A figure and the bound that it is held against.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="Bound">What it is compared with.</param>
/// <param name="IsUpper">True when the figure must not be above the bound, false when not below.</param>
/// <param name="IsGate">A gate must hold; an aim is where we want to be.</param>
public sealed record Gate(string Name, double Value, double Bound, bool IsUpper, bool IsGate)
{
    public bool Holds => IsUpper ? Value <= Bound : Value >= Bound;
}
