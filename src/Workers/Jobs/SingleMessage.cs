using MassTransit;
using Npgsql;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Jobs;

/// <summary>Handles one command in one transaction with its inbox row: its effect happens once.</summary>
public sealed class SingleMessage(DurableTransactions transactions, CommandValidation validation, OrchestratorMetrics metrics)
{
    /// <summary>Validates, enters the inbox, runs <paramref name="handle"/> and commits, unless the message was handled before.</summary>
    /// <exception cref="Sagas.Messaging.InvalidMessageException">The command is not valid.</exception>
    /// <exception cref="NpgsqlException">The database is away; nothing was committed, or the inbox knows.</exception>
    public async Task HandleAsync<T>(ConsumeContext<T> context, string consumer, Func<DurableTransaction, Task> handle)
        where T : class
    {
        validation.Demand(context.Message);
        await using var transaction = await transactions.BeginAsync(context.CancellationToken);
        if (context.MessageId is { } messageId && !await EnterInboxAsync(transaction, messageId, consumer, context.CancellationToken))
        {
            metrics.Duplicates(consumer, 1);
            return;
        }

        await handle(transaction);
        await transaction.CommitAsync(context.CancellationToken);
    }

    private static async Task<bool> EnterInboxAsync(
        DurableTransaction transaction, Guid messageId, string consumer, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync(
            "INSERT INTO inbox (message_id, consumer) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            cancellationToken, messageId, consumer) == 1;
}
