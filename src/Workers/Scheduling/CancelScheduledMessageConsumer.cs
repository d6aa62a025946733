using MassTransit;
using MassTransit.Scheduling;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Scheduling;

/// <summary>Serves MassTransit's <c>CancelScheduledMessage</c>: takes the timer back unless it has fired.</summary>
public sealed class CancelScheduledMessageConsumer(SingleMessage single) : IConsumer<CancelScheduledMessage>
{
    public Task Consume(ConsumeContext<CancelScheduledMessage> context) =>
        single.HandleAsync(context, "cancel-scheduled-message", transaction =>
        {
            transaction.Unschedule(context.Message.TokenId);
            return Task.CompletedTask;
        });
}
