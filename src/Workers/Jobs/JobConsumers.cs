using MassTransit;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Workers.Jobs;

/// <summary>Stores and assigns jobs.</summary>
public sealed class EnqueueJobConsumer(JobIntake intake, JobChanges changes) : IConsumer<Batch<EnqueueJob>>
{
    public Task Consume(ConsumeContext<Batch<EnqueueJob>> context) =>
        intake.TakeAsync(context, "enqueue-job", message => changes.Of(message.Message));
}

/// <summary>Notes that work on jobs began.</summary>
public sealed class StartJobConsumer(JobIntake intake, JobChanges changes) : IConsumer<Batch<StartJob>>
{
    public Task Consume(ConsumeContext<Batch<StartJob>> context) =>
        intake.TakeAsync(context, "start-job", message => changes.Of(message.Message));
}

/// <summary>Notes that jobs ended.</summary>
public sealed class CompleteJobConsumer(JobIntake intake, JobChanges changes) : IConsumer<Batch<CompleteJob>>
{
    public Task Consume(ConsumeContext<Batch<CompleteJob>> context) =>
        intake.TakeAsync(context, "complete-job", message => changes.Of(message.Message));
}
