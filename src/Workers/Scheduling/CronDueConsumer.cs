using FluentValidation;
using MassTransit;
using Orchestrator.Sagas.Persistence.Timers;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Scheduling;

/// <summary>Sends a recurring message that is due.</summary>
public sealed class CronDueConsumer(SingleMessage single, CronSchedules schedules) : IConsumer<CronDue>
{
    public Task Consume(ConsumeContext<CronDue> context) => single.HandleAsync(
        context, "cron-due", transaction => schedules.SendAsync(transaction, context.Message, context.CancellationToken));
}

public sealed class CronDueConsumerDefinition : ConsumerDefinition<CronDueConsumer>
{
    public CronDueConsumerDefinition()
    {
        EndpointName = "orchestrator-cron-due";
        ConcurrentMessageLimit = 8;
        Endpoint(e => e.PrefetchCount = 32);
    }
}

public sealed class CronDueValidator : AbstractValidator<CronDue>
{
    public CronDueValidator() => RuleFor(due => due.ScheduleId).NotEmpty().WithMessage("scheduleId must be that of a schedule.");
}
