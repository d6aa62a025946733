using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Instances;

/// <summary>What became of a command.</summary>
/// <param name="Instance">As it is now; null when there is none.</param>
/// <param name="Refusal">Why nothing was changed; null when the command was carried out.</param>
public sealed record InstanceOutcome(InstanceState? Instance, InstanceRefusal? Refusal = null);

/// <summary>
/// Runs the state machine on one instance within a transaction: lock, state, what the arrow does, timeline and events, all
/// of it or nothing. Commands by HTTP and by bus, what nodes say, timers and the controller all come through here; nothing
/// else writes an instance.
/// </summary>
public sealed class InstanceSagas(
    SagaDbContexts<OrchestratorDbContext> contexts, Placements placements, IOptions<InstancesOptions> options)
{
    /// <summary>The saga's name in locks.</summary>
    public const string Name = "instance";

    /// <summary>Kind of the lines in the timeline; the key is the 64-bit id.</summary>
    public const string Kind = "instance";

    public InstanceStateMachine Machine { get; } = new();

    /// <summary>Accepts a new instance: the number is drawn here.</summary>
    public Task<InstanceOutcome> ProvisionAsync(
        DurableTransaction transaction, ProvisionInstance command, string actor, CancellationToken cancellationToken) =>
        AcceptAsync(transaction, command, flavor: null, replaces: null, actor, cancellationToken);

    /// <summary>Accepts an instance that serves the demand of a flavor.</summary>
    public Task<InstanceOutcome> ProvisionForAsync(
        DurableTransaction transaction, ProvisionInstance command, (string Platform, string Name) flavor, string actor,
        CancellationToken cancellationToken) =>
        AcceptAsync(transaction, command, flavor, replaces: null, actor, cancellationToken);

    /// <summary>Accepts an instance in the place of another one.</summary>
    public Task<InstanceOutcome> ReplaceAsync(
        DurableTransaction transaction, ProvisionInstance command, Guid replaces, string actor, CancellationToken cancellationToken) =>
        AcceptAsync(transaction, command, flavor: null, replaces, actor, cancellationToken);

    /// <summary>A command from outside: the holder of a lease is asked for its nonce.</summary>
    public Task<InstanceOutcome> CommandAsync<T>(
        DurableTransaction transaction, Guid instance, Event<T> @event, T command, Guid? nonce, string actor, CancellationToken cancellationToken)
        where T : class =>
        HandleAsync(transaction, instance, @event, command, saga => Lease(saga.Instance, nonce, saga.Now), actor, cancellationToken);

    /// <summary>A fact, or a command of our own.</summary>
    public Task<InstanceOutcome> RaiseAsync<T>(
        DurableTransaction transaction, Guid instance, Event<T> @event, T message, string actor, CancellationToken cancellationToken)
        where T : class =>
        HandleAsync(transaction, instance, @event, message, _ => null, actor, cancellationToken);

    /// <summary>Forgets an instance that is terminated, or any when it is forced; what runs of it is ended all the same.</summary>
    public async Task<InstanceOutcome> DeleteAsync(
        DurableTransaction transaction, DeleteInstance command, string actor, CancellationToken cancellationToken)
    {
        var now = await LockAsync(transaction, command.InstanceId, cancellationToken);
        await using var db = contexts.Within(transaction);
        if (await LoadAsync(db, command.InstanceId, cancellationToken) is not { } saga)
            return NotFound(command.InstanceId);
        if (Lease(saga, command.LeaseNonce, now) is { } held)
            return new InstanceOutcome(saga, held);
        if (saga.Status is not Statuses.Terminated && !command.Force)
            return new InstanceOutcome(saga, new InstanceRefusal(InstanceRefusal.NotTerminated, $"The instance is {saga.Status}; only a terminated one is deleted, unless it is forced."));
        await placements.EndAllAsync(transaction, command.InstanceId, cancellationToken);
        db.Remove(saga);
        await db.SaveChangesAsync(cancellationToken);
        transaction.Record(InstanceReports.Line(saga, "deleted", saga.Status, null, command.Force ? "forced" : null, actor));
        transaction.Publish(new InstanceDeleted { InstanceId = saga.CorrelationId, Id = saga.Id });
        return new InstanceOutcome(saga);
    }

    /// <summary>The refusal that a held lease means for somebody who shows this nonce.</summary>
    internal static InstanceRefusal? Lease(InstanceState saga, Guid? nonce, DateTimeOffset now) =>
        saga.LeaseUntil > now && saga.LeaseNonce != nonce
            ? new InstanceRefusal(InstanceRefusal.LeaseHeld, $"{saga.LeaseOwner} holds a lease of the instance until {Rfc3339.Format(saga.LeaseUntil.Value)}.")
            : null;

    /// <summary>Takes the lock of an instance; gives the database's clock.</summary>
    public static async Task<DateTimeOffset> LockAsync(DurableTransaction transaction, Guid instance, CancellationToken cancellationToken)
    {
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(SagaLock.Take(Name, instance));
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var clock = transaction.CreateBatch();
        clock.BatchCommands.Add(new NpgsqlBatchCommand("SELECT database_now()"));
        return new DateTimeOffset((DateTime)(await clock.ExecuteScalarAsync(cancellationToken))!);
    }

    private async Task<InstanceOutcome> AcceptAsync(
        DurableTransaction transaction, ProvisionInstance command, (string Platform, string Name)? flavor, Guid? replaces, string actor,
        CancellationToken cancellationToken)
    {
        // The app's row is locked until the commit: its limit holds, and its ids go up in the order in which they are seen.
        var (answer, id) = await AdmitAsync(transaction, command, replaces is not null, cancellationToken);
        if (answer is not null)
            return new InstanceOutcome(Instance: null, answer);
        return await HandleAsync(
            transaction, command.InstanceId, Machine.Accepted, new InstanceAccepted(id, command) { Flavor = flavor, Replaces = replaces },
            _ => null, actor, cancellationToken, isNew: true);
    }

    private async Task<(InstanceRefusal? Refusal, long Id)> AdmitAsync(
        DurableTransaction transaction, ProvisionInstance command, bool isReplacement, CancellationToken cancellationToken)
    {
        await using (var locking = transaction.CreateBatch())
        {
            locking.BatchCommands.Add(Sql.Command("SELECT coalesce(instance_limit, -1) FROM app WHERE id = $1 FOR UPDATE", command.AppId));
            if (await locking.ExecuteScalarAsync(cancellationToken) is not int limit)
                return (new InstanceRefusal(InstanceRefusal.AppNotFound, $"There is no app {command.AppId}."), 0);
            await using var counting = transaction.CreateBatch();
            counting.BatchCommands.Add(Sql.Command(
                """
                SELECT (SELECT count(*) FROM instance WHERE app_id = $1 AND instance_status = 'running'),
                       ($2::bigint IS NULL OR EXISTS (SELECT FROM region WHERE id = $2)), nextval('instance_id'),
                       EXISTS (SELECT FROM instance WHERE correlation_id = $3)
                """,
                command.AppId, Sql.Typed(NpgsqlTypes.NpgsqlDbType.Bigint, command.RegionId), command.InstanceId));
            await using var reader = await counting.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            limit = limit < 0 ? options.Value.DefaultLimit : limit;
            if (reader.GetBoolean(3))
                return (new InstanceRefusal(InstanceRefusal.Exists, $"There is an instance {command.InstanceId} already."), 0);
            if (!reader.GetBoolean(1))
                return (new InstanceRefusal(InstanceRefusal.RegionNotFound, $"There is no region {command.RegionId}."), 0);
            if (!isReplacement && reader.GetInt64(0) >= limit)
                return (new InstanceRefusal(InstanceRefusal.LimitReached, $"The app has {reader.GetInt64(0)} instances that are meant to run; its limit is {limit}."), 0);
            return (null, reader.GetInt64(2));
        }
    }

    private async Task<InstanceOutcome> HandleAsync<T>(
        DurableTransaction transaction, Guid instance, Event<T> @event, T message, Func<(InstanceState Instance, DateTimeOffset Now), InstanceRefusal?> guard,
        string actor, CancellationToken cancellationToken, bool isNew = false)
        where T : class
    {
        var now = await LockAsync(transaction, instance, cancellationToken);
        await using var db = contexts.Within(transaction);
        var saga = await LoadAsync(db, instance, cancellationToken);
        if (saga is null)
        {
            if (!isNew)
                return NotFound(instance);
            db.Add(saga = new InstanceState { CorrelationId = instance });
        }
        else if (guard((saga, now)) is { } guarded)
        {
            return new InstanceOutcome(saga, guarded);
        }

        var (from, dueBefore) = (saga.Status, saga.DueAt);
        var work = new InstanceWork(transaction, db, placements, options.Value, Random.Shared) { Now = now, Actor = actor, CancellationToken = cancellationToken };
        await DirectMessage.RaiseAsync(Machine, saga, @event, message, work);
        if (work.Refusal is not null)
            return new InstanceOutcome(saga, work.Refusal);
        if (db.ChangeTracker.HasChanges())
        {
            saga.Version++;
            saga.UpdatedAt = now;
            InstanceReports.Tell(transaction, saga, from, dueBefore, work);
            await SaveAsync(db, cancellationToken);
        }

        foreach (var next in work.FollowUps)
            await next(this);
        return new InstanceOutcome(saga);
    }

    private static async Task SaveAsync(OrchestratorDbContext db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException exception)
        {
            throw SagaConflictException.OfWriter(Name, exception);
        }
    }

    private static Task<InstanceState?> LoadAsync(OrchestratorDbContext db, Guid instance, CancellationToken cancellationToken) =>
        db.Instances.SingleOrDefaultAsync(saga => saga.CorrelationId == instance, cancellationToken);

    private static InstanceOutcome NotFound(Guid instance) =>
        new(Instance: null, new InstanceRefusal(InstanceRefusal.NotFound, $"There is no instance {instance}."));
}
