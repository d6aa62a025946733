using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Duties;
using Quartz;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>Makes this process look for timers again and again. Unlike other duties it is done by every replica at once.</summary>
public sealed class LookForTimers(DueTimers timers, IOptions<TimerOptions> options) : IDuty, IJob
{
    public string Name => "look-for-timers";

    public TimeSpan Interval => options.Value.LookInterval;

    public Task RunAsync(CancellationToken cancellationToken)
    {
        timers.Look();
        return Task.CompletedTask;
    }

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => new(RunAsync(cancellationToken));
}
