using Microsoft.Extensions.Hosting;
using Quartz;

namespace Orchestrator.Sagas.Duties;

/// <summary>Gives every registered duty its trigger.</summary>
public sealed class DutyScheduler(ISchedulerFactory schedulers, IEnumerable<DutyStart> duties) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        foreach (var (duty, job) in duties)
        {
            var trigger = TriggerBuilder.Create()
                .WithIdentity(duty.Name, DutyStart.Group)
                .StartNow()
                .WithSimpleSchedule(schedule => schedule
                    .WithInterval(duty.Interval)
                    .RepeatForever()
                    .WithMisfireInstruction(SimpleTriggerMisfireInstruction.NextWithRemainingCount))
                .Build();
            await scheduler.ScheduleJob(job, trigger, cancellationToken: cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
