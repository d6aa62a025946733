using MassTransit;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Calls;

/// <summary>Cancels a call. One that has ended, or never was, stays as it is.</summary>
public sealed class CancelCallConsumer(DurableTransactions transactions, CallEditor calls) : IConsumer<CancelCall>
{
    public async Task Consume(ConsumeContext<CancelCall> context)
    {
        await using var transaction = await transactions.BeginAsync(context.CancellationToken);
        try
        {
            await calls.CancelAsync(transaction, context.Message.FnId, context.Message.CallId, context.ReceiveContext.Publisher(), context.CancellationToken);
        }
        catch (FnException refused) when (refused.Error.Status == 409)
        {
            return;
        }
        catch (FnException refused)
        {
            throw new InvalidMessageException("CALL_NOT_FOUND", refused.Error.Message);
        }

        await transaction.CommitAsync(context.CancellationToken);
    }
}

/// <summary>Runs a call again.</summary>
public sealed class RetryCallConsumer(DurableTransactions transactions, CallEditor calls, CallSignals signals) : IConsumer<RetryCall>
{
    public async Task Consume(ConsumeContext<RetryCall> context)
    {
        var command = context.Message;
        if (command.NewCallId is null && context.MessageId is null)
            throw new InvalidMessageException("MESSAGE_ID_MISSING", "A message without a message id needs 'newCallId'.");
        if (command.NewCallId is not null && !CallId.IsId(command.NewCallId))
            throw new InvalidMessageException("INVALID_FIELD", "'newCallId' must be 26 characters as the function server makes them.");
        await using (var transaction = await transactions.BeginAsync(context.CancellationToken))
        {
            // The same message always means the same new call.
            var id = command.NewCallId?.ToUpperInvariant() ?? IdOf(context.MessageId!.Value);
            if (!await IsNewAsync(transaction, id, context.CancellationToken))
                return;
            try
            {
                await calls.RetryAsync(transaction, command.FnId, command.CallId, id, context.ReceiveContext.Publisher(), context.CancellationToken);
            }
            catch (FnException refused)
            {
                throw new InvalidMessageException("CALL_NOT_RETRIED", refused.Error.Message);
            }

            await transaction.CommitAsync(context.CancellationToken);
        }

        signals.AnnounceQueued();
    }

    private static async Task<bool> IsNewAsync(DurableTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT 1 FROM call WHERE id = $1", id));
        return await batch.ExecuteScalarAsync(cancellationToken) is null;
    }

    private static string IdOf(Guid messageId)
    {
        Span<byte> bytes = stackalloc byte[16];
        messageId.TryWriteBytes(bytes, bigEndian: true, out _);
        return CallId.Encode(bytes);
    }
}
