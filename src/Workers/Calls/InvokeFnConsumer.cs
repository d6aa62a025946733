using MassTransit;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.DeadLetters;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Calls;

/// <summary>Stores calls that come over the bus, many in one transaction; what cannot be right becomes a dead letter alone.</summary>
public sealed class InvokeFnConsumer(
    DurableTransactions transactions, FnCommands commands, CallIntake intake, OrchestratorMetrics metrics) : IConsumer<Batch<InvokeFn>>
{
    private const string Consumer = "invoke-fn";

    public async Task Consume(ConsumeContext<Batch<InvokeFn>> context)
    {
        var calls = new List<(Guid? MessageId, NewCall Call, ConsumeContext<InvokeFn> Message)>(context.Message.Length);
        var rejected = new List<DeadLetter>();
        foreach (var message in context.Message)
        {
            try
            {
                calls.Add((message.MessageId, await commands.ReadAsync(message), message));
            }
            catch (Exception exception) when (!Transient.Is(exception))
            {
                rejected.Add(DeadLetter.Of(message.ReceiveContext, exception));
            }
        }

        try
        {
            await CommitAsync(calls, rejected, context.CancellationToken);
        }
        catch (Exception exception) when (!Transient.Is(exception) && exception is not OperationCanceledException)
        {
            // Some value is one that Postgres refuses. One by one, so that its call fails alone.
            await CommitAsync([], rejected, context.CancellationToken);
            foreach (var call in calls)
                await CommitAloneAsync(call, context.CancellationToken);
        }
    }

    private async Task CommitAloneAsync((Guid? MessageId, NewCall Call, ConsumeContext<InvokeFn> Message) call, CancellationToken cancellationToken)
    {
        try
        {
            await CommitAsync([call], [], cancellationToken);
        }
        catch (Exception exception) when (!Transient.Is(exception) && exception is not OperationCanceledException)
        {
            await CommitAsync([], [DeadLetter.Of(call.Message.ReceiveContext, exception).Bare()], cancellationToken);
        }
    }

    private async Task CommitAsync(
        List<(Guid? MessageId, NewCall Call, ConsumeContext<InvokeFn> Message)> calls, List<DeadLetter> rejected, CancellationToken cancellationToken)
    {
        if (calls.Count + rejected.Count == 0)
            return;
        NewCall[] fresh;
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            var known = await EnterInboxAsync(transaction, [.. calls.Where(c => c.MessageId is not null).Select(c => c.MessageId!.Value)], cancellationToken);
            // Twice in one batch is once.
            fresh = [.. calls.Where(c => c.MessageId is null || known.Remove(c.MessageId.Value)).Select(c => c.Call).DistinctBy(c => c.Id, StringComparer.Ordinal)];
            metrics.Duplicates(Consumer, calls.Count - fresh.Length);
            if (fresh.Length > 0)
                await intake.AddAsync(transaction, fresh, cancellationToken);
            foreach (var letter in rejected)
            {
                transaction.ExecuteWithCommit(DeadLetterTable.Insert(letter));
                metrics.DeadLetter(letter.Queue);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        intake.Announce(fresh);
    }

    private static async Task<HashSet<Guid>> EnterInboxAsync(DurableTransaction transaction, Guid[] messageIds, CancellationToken cancellationToken)
    {
        var entered = new HashSet<Guid>();
        if (messageIds.Length == 0)
            return entered;
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            "INSERT INTO inbox (message_id, consumer) SELECT DISTINCT id, $2 FROM unnest($1) AS m (id) ORDER BY id ON CONFLICT DO NOTHING RETURNING message_id",
            messageIds, Consumer));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            entered.Add(reader.GetGuid(0));
        return entered;
    }
}
