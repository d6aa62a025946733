using MassTransit;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Sagas.Persistence.DeadLetters;

namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// Where a fault ends: a message that can never succeed becomes a dead letter; any other goes back to its queue.
/// Throwing here hands the message back.
/// </summary>
public sealed class DeadLetterFilter(NpgsqlDataSource source, ILogger<DeadLetterFilter> logger) : IFilter<ExceptionReceiveContext>
{
    public void Probe(ProbeContext context) => context.CreateFilterScope("deadLetter");

    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (Transient.Is(context.Exception) || context.CancellationToken.IsCancellationRequested)
            throw context.Exception;
        var letter = DeadLetter.Of(context, context.Exception);
        await DeadLetterTable.InsertAsync(source, letter, context.CancellationToken);
        logger.LogWarning("Dead letter from {Queue}: {Reason}", letter.Queue, letter.Reason);
        // Otherwise it would count as one that nobody takes, too.
        await context.NotifyFaulted(context.Exception);
        await next.Send(context);
    }
}

/// <summary>A message that no consumer of its queue takes becomes a dead letter too.</summary>
public sealed class SkippedFilter(NpgsqlDataSource source) : IFilter<ReceiveContext>
{
    public void Probe(ProbeContext context) => context.CreateFilterScope("skipped");

    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var queue = DeadLetter.QueueOf(context);
        var letter = DeadLetter.Of(context, queue, $"UNKNOWN_MESSAGE_TYPE: queue {queue} takes no message of this type.", errorType: null);
        await DeadLetterTable.InsertAsync(source, letter, context.CancellationToken);
        await next.Send(context);
    }
}
