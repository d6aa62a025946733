namespace Orchestrator.Bench.Intake;

/// <summary>What one round took, from the first publish on.</summary>
/// <param name="Messages">How many commands.</param>
/// <param name="Confirmed">Until the broker had confirmed the last.</param>
/// <param name="RowsIn">Until the last row was in, assigned and counted.</param>
/// <param name="Done">Until the outbox was empty too.</param>
/// <param name="Cpu">Processor time until then.</param>
public sealed record IntakeRound(int Messages, TimeSpan Confirmed, TimeSpan RowsIn, TimeSpan Done, CpuSeconds Cpu)
{
    public double RowsPerSecond => Messages / RowsIn.TotalSeconds;

    public double DonePerSecond => Messages / Done.TotalSeconds;

    /// <summary>Processor microseconds per message.</summary>
    public double Micros(Func<CpuSeconds, double> part) => part(Cpu) * 1e6 / Messages;
}
