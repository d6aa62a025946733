using Orchestrator.Contracts;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>A recurring message is due. Between us only: set by <see cref="CronSchedules"/>, consumed by every worker.</summary>
[MessageName("orchestrator.timers.cron-due")]
public sealed record CronDue
{
    /// <summary>The token of the schedule. A schedule that was replaced has another.</summary>
    public required Guid ScheduleId { get; init; }

    /// <summary>The time that it is for.</summary>
    public required DateTimeOffset At { get; init; }
}
