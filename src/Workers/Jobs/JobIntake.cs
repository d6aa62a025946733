using System.Diagnostics;
using MassTransit;
using Npgsql;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.DeadLetters;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Jobs;

/// <summary>
/// Takes a batch of messages about jobs and commits all they cause at once: inbox, rows, counters, events, timeline.
/// A message that cannot be right becomes a dead letter in the same transaction; its neighbours are not touched.
/// </summary>
public sealed class JobIntake(DurableTransactions transactions, JobWriter writer, OrchestratorMetrics metrics)
{
    /// <summary>Handles a batch.</summary>
    /// <param name="batch">The messages, each of them acknowledged when this returns.</param>
    /// <param name="consumer">In whose name they enter the inbox. Part of the stored data: it never changes.</param>
    /// <param name="read">
    /// Gives the change that a message means, or null when it means none.
    /// Throws <see cref="InvalidMessageException"/> for one that can never succeed.
    /// </param>
    /// <exception cref="NpgsqlException">The database is away; nothing was committed.</exception>
    public async Task TakeAsync<T>(ConsumeContext<Batch<T>> batch, string consumer, Func<ConsumeContext<T>, JobChange?> read)
        where T : class
    {
        var deliveries = new List<JobDelivery>(batch.Message.Length);
        foreach (var message in batch.Message)
            deliveries.Add(Read(message, consumer, read));
        var links = deliveries.Where(d => d.Trace != default).Select(d => new ActivityLink(d.Trace)).ToList();
        using var span = Activity.Current is null && links.Count == 0
            ? null
            : OrchestratorActivity.Source.StartActivity(
                ActivityKind.Consumer, parentContext: default, links: links, name: $"{consumer} batch process");
        span?.SetTag("messaging.system", "rabbitmq").SetTag("messaging.batch.message_count", deliveries.Count);
        try
        {
            await CommitAsync(deliveries, consumer, links, batch.CancellationToken);
        }
        catch (Exception exception) when (IsFaultOfAMessage(exception))
        {
            // Some value is one that Postgres refuses, say. One by one, so that it fails alone.
            foreach (var delivery in deliveries)
                await CommitAloneAsync(delivery, consumer, links, batch.CancellationToken);
        }
    }

    private static bool IsFaultOfAMessage(Exception exception) =>
        !Transient.Is(exception) && exception is not (OperationCanceledException or ObjectDisposedException);

    private static JobDelivery Read<T>(ConsumeContext<T> message, string consumer, Func<ConsumeContext<T>, JobChange?> read)
        where T : class
    {
        try
        {
            return new JobDelivery(message, message.MessageId, read(message), Rejected: null);
        }
        catch (Exception exception)
        {
            // Reading needs nothing but the message, so the fault is in there.
            return new JobDelivery(message, message.MessageId, Change: null, DeadLetter.Of(message.ReceiveContext, exception));
        }
    }

    private async Task CommitAloneAsync(
        JobDelivery delivery, string consumer, IReadOnlyList<ActivityLink> links, CancellationToken cancellationToken)
    {
        try
        {
            await CommitAsync([delivery], consumer, links, cancellationToken);
        }
        catch (Exception exception) when (IsFaultOfAMessage(exception))
        {
            // Every other value has been validated.
            var reason = exception is PostgresException refusal
                ? new InvalidMessageException("INVALID_VALUE", $"'raw': the database refuses a value in it: {refusal.MessageText}.")
                : exception;
            var rejected = delivery with { Change = null, Rejected = DeadLetter.Of(delivery.Message.ReceiveContext, reason) };
            await CommitRejectedAsync(rejected, consumer, links, cancellationToken);
        }
    }

    // A fault of one message must not reach its neighbours, not even one in its dead letter.
    private async Task CommitRejectedAsync(
        JobDelivery rejected, string consumer, IReadOnlyList<ActivityLink> links, CancellationToken cancellationToken)
    {
        try
        {
            await CommitAsync([rejected], consumer, links, cancellationToken);
        }
        catch (Exception exception) when (IsFaultOfAMessage(exception))
        {
            await CommitAsync([rejected with { Rejected = rejected.Rejected!.Bare() }], consumer, links, cancellationToken);
        }
    }

    private async Task CommitAsync(
        IReadOnlyList<JobDelivery> deliveries, string consumer, IReadOnlyList<ActivityLink> links, CancellationToken cancellationToken)
    {
        var jobs = new JobBatch(deliveries);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (jobs.Changes.Count > 0)
        {
            var outcomes = await writer.ApplyAsync(transaction, jobs.Changes, jobs.Receipts, consumer, jobs.TraceIds, cancellationToken);
            foreach (var outcome in outcomes)
                transaction.Report(outcome, jobs.ActorOf(outcome), jobs.CauseOf(outcome));
            transaction.ReportPressure(outcomes, Activity.Current?.Context ?? default, links);
            metrics.Count(outcomes);
        }

        foreach (var delivery in deliveries)
        {
            if (delivery.Rejected is not { } letter)
                continue;
            transaction.ExecuteWithCommit(DeadLetterTable.Insert(letter));
            metrics.DeadLetter(letter.Queue);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
