using MassTransit;
using MassTransit.Transports;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// Ends a delivery whose channel went away while it was handled without a word to the channel: the broker gives it out
/// again. Left to itself MassTransit (8.4) closes the channel, from within the task that hands out its deliveries.
/// RabbitMQ.Client (7.1.2; its issue 1751) waits there for that very task, the shutdown of the connection waits for it
/// too, and the channels whose turn has not come are never told: their consumers stay, on a connection that is gone,
/// and look healthy.
/// </summary>
public sealed class LostDeliveryObserver : IReceiveObserver
{
    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class => Task.CompletedTask;

    /// <exception cref="OperationCanceledException">In place of what MassTransit would answer by closing the channel.</exception>
    public Task ReceiveFault(ReceiveContext context, Exception exception)
    {
        if (exception.GetBaseException() is not (OperationInterruptedException or EndOfStreamException))
            return Task.CompletedTask;
        // A delivery that was cancelled is no error in the log.
        if (context is BaseReceiveContext delivery)
            delivery.Cancel();
        return Task.FromException(new OperationCanceledException($"The delivery was lost: {exception.Message}", context.CancellationToken));
    }
}
