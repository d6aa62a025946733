using MassTransit;
using MassTransit.Scheduling;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>A message on its way into the outbox that is to become a timer instead.</summary>
/// <param name="Token">Names the timer.</param>
/// <param name="Delay">Until it is due.</param>
internal sealed record ScheduledSend(Guid Token, TimeSpan Delay);

/// <summary>
/// What a state machine's <c>Schedule</c> and <c>Unschedule</c> do: timers that commit with the saga. The time that
/// MassTransit has worked out on the process's clock becomes a delay again, so that only the database's clock counts.
/// </summary>
internal sealed class TimerScheduleProvider(ConsumeContext context, DurableTransaction transaction, TimeProvider time) : IScheduleMessageProvider
{
    public async Task<ScheduledMessage<T>> ScheduleSend<T>(
        Uri destinationAddress, DateTime scheduledTime, T message, IPipe<SendContext<T>> pipe, CancellationToken cancellationToken)
        where T : class
    {
        var token = ScheduleTokenIdCache<T>.GetTokenId(message);
        var delay = scheduledTime.ToUniversalTime() - time.GetUtcNow().UtcDateTime;
        var endpoint = await context.GetSendEndpoint(destinationAddress);
        var scheduled = new SchedulePipe<T>(pipe, token, delay);
        await endpoint.Send(message, scheduled, cancellationToken);
        return new ScheduledMessageHandle<T>(scheduled.Token, scheduledTime, destinationAddress, message);
    }

    public Task CancelScheduledSend(Guid tokenId, CancellationToken cancellationToken)
    {
        transaction.Unschedule(tokenId);
        return Task.CompletedTask;
    }

    public Task CancelScheduledSend(Uri destinationAddress, Guid tokenId, CancellationToken cancellationToken) =>
        CancelScheduledSend(tokenId, cancellationToken);

    private sealed class SchedulePipe<T>(IPipe<SendContext<T>> pipe, Guid token, TimeSpan delay) : IPipe<SendContext<T>>
        where T : class
    {
        /// <summary>The caller's own pipe may name another.</summary>
        public Guid Token { get; private set; } = token;

        public void Probe(ProbeContext context) => context.CreateFilterScope("timer");

        public async Task Send(SendContext<T> context)
        {
            if (pipe.IsNotEmpty())
                await pipe.Send(context);
            Token = context.ScheduledMessageId ?? Token;
            // A saga ignores a timeout whose token is no longer its own; without the header it would take any.
            context.Headers.Set(Envelope.SchedulingToken, Token.ToString());
            context.AddOrUpdatePayload(() => new ScheduledSend(Token, delay), _ => new ScheduledSend(Token, delay));
        }
    }
}
