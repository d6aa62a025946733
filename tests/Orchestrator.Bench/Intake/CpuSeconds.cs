using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Intake;

/// <summary>Processor time per process.</summary>
public sealed record CpuSeconds(double Publisher, double Consumer, double Postgres, double RabbitMq)
{
    public double Total => Publisher + Consumer + Postgres + RabbitMq;

    public static CpuSeconds Now(TestStand stand, int consumerPid) => new(
        ProcessCpu.Own(), ProcessCpu.Of(consumerPid), ProcessCpu.Of(stand.PostgresPid), ProcessCpu.Of(stand.RabbitMqPid));

    public static CpuSeconds operator -(CpuSeconds after, CpuSeconds before) => new(
        after.Publisher - before.Publisher, after.Consumer - before.Consumer,
        after.Postgres - before.Postgres, after.RabbitMq - before.RabbitMq);
}
