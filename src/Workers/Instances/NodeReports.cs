using MassTransit;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Instances;

/// <summary>
/// What a node says about its claims, each in one transaction with what it means for the instance. While the database is
/// away it waits: what happened is said late rather than never. A claim that is no longer this life's is not spoken for.
/// </summary>
public sealed class NodeReports(DurableTransactions transactions, Placements placements, InstanceSagas sagas, ILogger<NodeReports> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>A program runs, and is healthy at once where nothing more is asked of it. False: the claim is gone.</summary>
    public Task<bool> StartedAsync(Claim claim, string handle, bool isHealthy, CancellationToken cancellationToken) =>
        ReportAsync(claim, async transaction =>
        {
            if (!await placements.NoteStartAsync(transaction, claim, handle, cancellationToken))
                return false;
            await RaiseAsync(transaction, claim, sagas.Machine.Started, new ProgramStarted(claim.Attempt, handle), cancellationToken);
            if (isHealthy)
                await RaiseAsync(transaction, claim, sagas.Machine.Healthy, new HealthPassed(claim.Attempt), cancellationToken);
            return true;
        }, cancellationToken);

    public Task HealthyAsync(Claim claim, CancellationToken cancellationToken) =>
        ReportAsync(claim, transaction => RaiseAsync(transaction, claim, sagas.Machine.Healthy, new HealthPassed(claim.Attempt), cancellationToken), cancellationToken);

    public Task UnhealthyAsync(Claim claim, string detail, CancellationToken cancellationToken) =>
        ReportAsync(claim, transaction => RaiseAsync(transaction, claim, sagas.Machine.Unhealthy, new HealthLost(claim.Attempt, detail), cancellationToken), cancellationToken);

    public Task DeclinedAsync(Claim claim, bool canAnswer, CancellationToken cancellationToken) =>
        ReportAsync(claim, transaction => RaiseAsync(transaction, claim, sagas.Machine.Declined, new EndDeclined(claim.Attempt, canAnswer), cancellationToken), cancellationToken);

    /// <summary>Nothing runs of an attempt any more: its claim is given back.</summary>
    public Task EndedAsync(Claim claim, ProgramEnded end, CancellationToken cancellationToken) =>
        ReportAsync(claim, async transaction =>
            await placements.ReleaseAsync(transaction, claim, cancellationToken)
            && await RaiseAsync(transaction, claim, sagas.Machine.Ended, end, cancellationToken), cancellationToken);

    private async Task<bool> RaiseAsync<T>(DurableTransaction transaction, Claim claim, Event<T> @event, T fact, CancellationToken cancellationToken)
        where T : class
    {
        // An instance that was deleted by force has claims for a while; nobody is told about them.
        await sagas.RaiseAsync(transaction, claim.Instance, @event, fact, claim.Node, cancellationToken);
        return true;
    }

    private async Task<bool> ReportAsync(Claim claim, Func<DurableTransaction, Task<bool>> report, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await using var transaction = await transactions.BeginAsync(cancellationToken);
                await InstanceSagas.LockAsync(transaction, claim.Instance, cancellationToken);
                if (!await report(transaction))
                    return false;
                await transaction.CommitAsync(cancellationToken);
                return true;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && (Transient.Is(exception) || exception is Sagas.Persistence.SagaStorage.SagaConflictException))
            {
                logger.LogWarning("A report about {Instance} has to wait: {Reason}", claim.Instance, exception.GetBaseException().Message);
                await Task.Delay(pause, cancellationToken);
            }
        }
    }
}
