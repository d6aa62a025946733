using System.Runtime.ExceptionServices;
using MassTransit.Mediator;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Clones;

/// <summary>
/// Brings valid commands, whether they came by HTTP or by bus, to the sagas of clones and snapshots, within the process
/// and within the sender's transaction: when that commits, the state has changed.
/// </summary>
public sealed class CloneCommands(IServiceScopeFactory scopes, SnapshotAdmission snapshots)
{
    private const string SnapshotLock = "snapshot-ids";

    /// <exception cref="CloneRefusedException">It cannot be made; roll the transaction back.</exception>
    public Task CreateAsync(DurableTransaction transaction, CreateClone command, string? actor, CancellationToken cancellationToken) =>
        SendAsync(transaction, CloneLock(command.Id), new Asked<CreateClone>(command, actor), cancellationToken);

    /// <exception cref="CloneRefusedException">It cannot be changed; roll the transaction back.</exception>
    public Task UpdateAsync(DurableTransaction transaction, UpdateClone command, string? actor, CancellationToken cancellationToken) =>
        SendAsync(transaction, CloneLock(command.Id), new Asked<UpdateClone>(command, actor), cancellationToken);

    /// <exception cref="CloneRefusedException">It cannot be reset; roll the transaction back.</exception>
    public Task ResetAsync(DurableTransaction transaction, ResetClone command, string? actor, CancellationToken cancellationToken) =>
        SendAsync(transaction, CloneLock(command.Id), new Asked<ResetClone>(command, actor), cancellationToken);

    /// <exception cref="CloneRefusedException">It cannot be deleted; roll the transaction back.</exception>
    public Task DeleteAsync(DurableTransaction transaction, DeleteClone command, string? actor, CancellationToken cancellationToken) =>
        SendAsync(transaction, CloneLock(command.Id), new Asked<DeleteClone>(command, actor), cancellationToken);

    /// <summary>Begins a snapshot and gives its id.</summary>
    /// <param name="transaction">Carries it.</param>
    /// <param name="command">What to make.</param>
    /// <param name="live">A live server that is named in the request instead of in the configuration.</param>
    /// <param name="actor">Name of the token or of the publisher.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="CloneRefusedException">It cannot be made; roll the transaction back.</exception>
    public async Task<string> CreateAsync(
        DurableTransaction transaction, CreateSnapshot command, SourceAddress? live, string? actor, CancellationToken cancellationToken)
    {
        await LockAsync(transaction, SnapshotLock, cancellationToken);
        var snapshot = await snapshots.PlaceAsync(transaction, command, live, cancellationToken);
        await SendAsync(transaction, SnapshotLock, new Asked<NewSnapshot>(snapshot, actor), cancellationToken);
        return snapshot.Id;
    }

    /// <summary>Begins a new snapshot of a source, the default one when none is named, and gives its id.</summary>
    /// <exception cref="CloneRefusedException">One is being made, or none can be; roll the transaction back.</exception>
    public async Task<string> RefreshAsync(DurableTransaction transaction, string? source, string? actor, CancellationToken cancellationToken)
    {
        await LockAsync(transaction, SnapshotLock, cancellationToken);
        await snapshots.DemandNoneIsMadeAsync(transaction, source ?? snapshots.DefaultSourceName, cancellationToken);
        return await CreateAsync(transaction, new CreateSnapshot { Source = source }, live: null, actor, cancellationToken);
    }

    /// <exception cref="CloneRefusedException">It cannot be changed; roll the transaction back.</exception>
    public Task UpdateAsync(DurableTransaction transaction, UpdateSnapshot command, string? actor, CancellationToken cancellationToken) =>
        SendAsync(transaction, SnapshotLock, new Asked<UpdateSnapshot>(command, actor), cancellationToken);

    /// <exception cref="CloneRefusedException">It cannot be deleted; roll the transaction back.</exception>
    public Task DeleteAsync(DurableTransaction transaction, DeleteSnapshot command, string? actor, CancellationToken cancellationToken) =>
        SendAsync(transaction, SnapshotLock, new Asked<DeleteSnapshot>(command, actor), cancellationToken);

    private async Task SendAsync<T>(DurableTransaction transaction, string name, Asked<T> asked, CancellationToken cancellationToken)
        where T : class
    {
        await LockAsync(transaction, name, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<JoinedTransaction>().Transaction = transaction;
        try
        {
            await scope.ServiceProvider.GetRequiredService<IScopedMediator>().Send(asked, cancellationToken);
        }
        catch (Exception exception) when (exception is not CloneRefusedException && Refusal(exception) is { } refusal)
        {
            ExceptionDispatchInfo.Throw(refusal);
        }
    }

    // A state machine wraps what its asynchronous activities throw.
    private static CloneRefusedException? Refusal(Exception? exception) => exception switch
    {
        null => null,
        CloneRefusedException refusal => refusal,
        AggregateException many => many.InnerExceptions.Select(Refusal).FirstOrDefault(refusal => refusal is not null),
        _ => Refusal(exception.InnerException),
    };

    // Two at once about a new id: the second one finds what the first one made. It begins the transaction, too.
    private static Task LockAsync(DurableTransaction transaction, string name, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", cancellationToken, name);

    private static string CloneLock(string id) => $"clone-id/{id}";
}
