using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>What the transitions of <see cref="SnapshotStateMachine"/> do, all of it within the transaction of the message.</summary>
public sealed class SnapshotSteps(CloneAdmission admission, SnapshotClones clones, IOptions<CloneOptions> options)
{
    private CloneOptions Options => options.Value;

    public async Task AdmitAsync(BehaviorContext<SnapshotState, Asked<NewSnapshot>> context)
    {
        var (snapshot, command) = (context.Saga, context.Message.Command);
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        (snapshot.Id, snapshot.HostId, snapshot.CreatedAt, snapshot.TraceId) = (command.Id, command.HostId, now, TraceId());
        (snapshot.SourceName, snapshot.SealedSource) = (command.SourceName, command.SealedSource);
        (snapshot.Dump, snapshot.CloneKey, snapshot.DbName, snapshot.Message) = (command.Dump, command.CloneKey, command.DbName, command.Message);
        BeginWork(context, now, Options.SnapshotTimeout);
        Record(context, "requested", nameof(SnapshotStateMachine.Making), actor: context.Message.Actor);
    }

    public void RefuseTwice(BehaviorContext<SnapshotState, Asked<NewSnapshot>> context) =>
        throw new CloneRefusedException(CloneCodes.SnapshotExists, $"There is a snapshot {context.Saga.Id} already.");

    public void RefuseUpdate(BehaviorContext<SnapshotState, Asked<UpdateSnapshot>> context) =>
        throw new CloneRefusedException(CloneCodes.WrongState, $"Snapshot {context.Saga.Id} is being deleted.");

    public void Taken(BehaviorContext<SnapshotState, SnapshotTaken> context)
    {
        var (snapshot, taken) = (context.Saga, context.Message);
        (snapshot.DataStateAt, snapshot.PhysicalSize, snapshot.LogicalSize) = (taken.DataStateAt, taken.PhysicalSize, taken.LogicalSize);
        (snapshot.PostgresVersion, snapshot.Databases) = (taken.PostgresVersion, [.. taken.Databases]);
        if (snapshot.DbName is { } dbName && !snapshot.Databases.Contains(dbName, StringComparer.Ordinal))
            snapshot.DbName = null;
        // Nobody needs it any more.
        snapshot.SealedSource = null;
        Transaction(context).Unschedule(Deadline(snapshot));
        Record(context, "created", nameof(SnapshotStateMachine.Ready));
        Publish(context, new SnapshotCreated { Id = snapshot.Id, DataStateAt = taken.DataStateAt, Source = snapshot.SourceName });
    }

    public void CreationFailed(BehaviorContext<SnapshotState, SnapshotFailed> context)
    {
        EnterFatal(context, context.Message.Code, context.Message.Detail, "creation failed");
        Publish(context, new SnapshotCreationFailed { Id = context.Saga.Id, Code = context.Message.Code, Detail = context.Message.Detail });
    }

    public void CreationTimedOut(BehaviorContext<SnapshotState, SnapshotDeadlinePassed> context)
    {
        var detail = $"It was not made within {Options.SnapshotTimeout:c}.";
        EnterFatal(context, CloneCodes.TimedOut, detail, "creation timed out");
        AskHost(context, context.Saga.StateSince);
        Publish(context, new SnapshotCreationFailed { Id = context.Saga.Id, Code = CloneCodes.TimedOut, Detail = detail });
    }

    public void Lost(BehaviorContext<SnapshotState, SnapshotFailed> context) =>
        EnterFatal(context, context.Message.Code, context.Message.Detail, "lost");

    /// <exception cref="CloneRefusedException">It or a clone of it is protected, or it has clones.</exception>
    public async Task BeginDeletionAsync(BehaviorContext<SnapshotState, Asked<DeleteSnapshot>> context)
    {
        var (snapshot, command) = (context.Saga, context.Message.Command);
        var (now, isHostLost) = await admission.LookAtHostAsync(Transaction(context), snapshot.HostId, context.CancellationToken);
        if (snapshot.IsProtectedAt(now) && snapshot.State != nameof(SnapshotStateMachine.Fatal))
            throw new CloneRefusedException(CloneCodes.SnapshotProtected, $"Snapshot {snapshot.Id} is protected.");
        var dependents = await clones.OfAsync(Transaction(context), snapshot.Id, now, context.CancellationToken);
        if (dependents.Where(clone => clone.IsProtected).Select(clone => clone.Id).ToList() is { Count: > 0 } held)
            throw new CloneRefusedException(CloneCodes.CloneProtected, $"Snapshot {snapshot.Id} has protected clones: {string.Join(", ", held)}.");
        if (dependents.Count > 0 && !command.IsForced)
            throw new CloneRefusedException(CloneCodes.SnapshotInUse, $"Snapshot {snapshot.Id} has clones: {string.Join(", ", dependents.Select(clone => clone.Id))}.");
        snapshot.DeleteReason = command.Reason;
        if (isHostLost && dependents.Count == 0)
            return;
        BeginDeletion(context, now, dependents, command.Reason, context.Message.Actor);
    }

    /// <inheritdoc cref="CloneSteps.IsForgotten"/>
    public bool IsForgotten(BehaviorContext<SnapshotState, Asked<DeleteSnapshot>> context) => !context.Saga.IsDeletionBegun;

    public void Forgotten(BehaviorContext<SnapshotState, Asked<DeleteSnapshot>> context) => Gone(context, context.Message.Actor);

    /// <summary>A time to delete it that has not been changed meanwhile; one in use is looked at again a minute later.</summary>
    public async Task ConsiderDueAsync(BehaviorContext<SnapshotState, SnapshotDue> context)
    {
        var snapshot = context.Saga;
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        if (snapshot.DeleteAt != context.Message.DeleteAt || snapshot.IsProtectedAt(now))
            return;
        if (await clones.OfAsync(Transaction(context), snapshot.Id, now, context.CancellationToken) is { Count: > 0 })
            Transaction(context).Schedule(context.Message, DueToken(snapshot), TimeSpan.FromMinutes(1));
        else
            BeginDeletion(context, now, [], "its time has come", actor: null);
    }

    public bool IsDue(BehaviorContext<SnapshotState, SnapshotDue> context) => context.Saga.IsDeletionBegun;

    public async Task GoOnWithoutClonesAsync(BehaviorContext<SnapshotState, CloneDeleted> context)
    {
        var snapshot = context.Saga;
        if (!snapshot.WaitsForClones)
            return;
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        if (await clones.OfAsync(Transaction(context), snapshot.Id, now, context.CancellationToken) is { Count: > 0 })
            return;
        snapshot.WaitsForClones = false;
        BeginWork(context, now, Options.DeleteTimeout);
    }

    public void Deleted(BehaviorContext<SnapshotState, SnapshotRemoved> context) => Gone(context, actor: null);

    public void DeletionFailed(BehaviorContext<SnapshotState, SnapshotRemovalFailed> context) =>
        DeletionFailed(context, context.Message.Code, context.Message.Detail);

    public void DeletionTimedOut(BehaviorContext<SnapshotState, SnapshotDeadlinePassed> context) =>
        DeletionFailed(context, CloneCodes.TimedOut, $"It was not deleted within {Options.DeleteTimeout:c}.");

    public async Task UpdateAsync(BehaviorContext<SnapshotState, Asked<UpdateSnapshot>> context)
    {
        var (snapshot, change) = (context.Saga, context.Message.Command);
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        if (change.IsProtected is false)
            Unprotect(context);
        else if (change.IsProtected is true || change.ProtectionDurationMinutes is not null)
            Protect(context, change.ProtectionDurationMinutes, now);
        if (change.NoDeleteAt)
            snapshot.DeleteAt = null;
        snapshot.DeleteAt = Protection.Exact(change.DeleteAt) ?? snapshot.DeleteAt;
        ScheduleDeletion(context, now);
        Record(context, "updated", snapshot.State, actor: context.Message.Actor);
        Publish(context, new SnapshotUpdated { Id = snapshot.Id, IsProtected = snapshot.IsProtected, ProtectedTill = snapshot.ProtectedTill, DeleteAt = snapshot.DeleteAt });
    }

    public async Task EndLeaseAsync(BehaviorContext<SnapshotState, SnapshotLeaseExpired> context)
    {
        var snapshot = context.Saga;
        if (!snapshot.IsProtected || snapshot.ProtectedTill != context.Message.ProtectedTill)
            return;
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        Unprotect(context);
        ScheduleDeletion(context, now);
        Record(context, "protection expired", snapshot.State);
    }

    private static Guid Deadline(SnapshotState snapshot) => NameIds.Of("snapshot-deadline", snapshot.CorrelationId.ToString());

    private static Guid Lease(SnapshotState snapshot) => NameIds.Of("snapshot-lease", snapshot.CorrelationId.ToString());

    private static Guid DueToken(SnapshotState snapshot) => NameIds.Of("snapshot-due", snapshot.CorrelationId.ToString());

    private static DurableTransaction Transaction(BehaviorContext<SnapshotState> context) => context.GetPayload<DurableTransaction>();

    private static void Publish<T>(BehaviorContext<SnapshotState> context, T message)
        where T : class => Transaction(context).Publish(message);

    private static string? TraceId() => Activity.Current?.TraceId.ToHexString();

    private static void Record(BehaviorContext<SnapshotState> context, string what, string to, string? reason = null, string? actor = null) =>
        Transaction(context).Record(new ResourceEvent
        {
            Kind = "snapshot",
            Key = context.Saga.Id,
            What = what,
            FromState = CloneStatus.CodeOf(context.Saga.State),
            ToState = CloneStatus.CodeOf(to),
            Reason = reason,
            Actor = actor,
            TraceId = TraceId() ?? context.Saga.TraceId,
        });

    private static void EnterFatal(BehaviorContext<SnapshotState> context, string code, string detail, string what)
    {
        var snapshot = context.Saga;
        (snapshot.FatalCode, snapshot.FatalDetail, snapshot.WaitsForClones, snapshot.SealedSource) = (code, detail, false, null);
        Transaction(context).Unschedule(Deadline(snapshot));
        Record(context, what, nameof(SnapshotStateMachine.Fatal), $"{code}: {detail}");
    }

    private static void AskHost(BehaviorContext<SnapshotState> context, DateTimeOffset now)
    {
        var snapshot = context.Saga;
        snapshot.Attempt++;
        Transaction(context).Publish(CloneHosts.ToHost(
            snapshot.HostId, new WorkOnSnapshot { SnapshotKey = snapshot.CorrelationId, Attempt = snapshot.Attempt }, now));
    }

    private static void Gone(BehaviorContext<SnapshotState> context, string? actor)
    {
        var (snapshot, transaction) = (context.Saga, Transaction(context));
        transaction.Unschedule(Deadline(snapshot));
        transaction.Unschedule(Lease(snapshot));
        transaction.Unschedule(DueToken(snapshot));
        Record(context, "deleted", "Final", snapshot.DeleteReason, actor);
        transaction.Publish(new SnapshotDeleted { Id = snapshot.Id, Reason = snapshot.DeleteReason });
    }

    private static void BeginWork(BehaviorContext<SnapshotState> context, DateTimeOffset now, TimeSpan limit)
    {
        var snapshot = context.Saga;
        snapshot.StateSince = now;
        AskHost(context, now);
        Transaction(context).Schedule(
            new SnapshotDeadlinePassed { SnapshotKey = snapshot.CorrelationId, Attempt = snapshot.Attempt }, Deadline(snapshot), limit);
    }

    private void BeginDeletion(
        BehaviorContext<SnapshotState> context, DateTimeOffset now, IReadOnlyList<SnapshotClone> dependents, string? reason, string? actor)
    {
        var (snapshot, transaction) = (context.Saga, Transaction(context));
        (snapshot.DeleteReason, snapshot.IsDeletionBegun, snapshot.WaitsForClones) = (reason, true, dependents.Count > 0);
        foreach (var clone in dependents)
            transaction.Publish(Envelope.Command(new DeleteClone { Id = clone.Id, Reason = $"its snapshot {snapshot.Id} is deleted" }, now));
        Record(context, "deletion requested", nameof(SnapshotStateMachine.Deleting), reason, actor);
        if (dependents.Count == 0)
        {
            BeginWork(context, now, Options.DeleteTimeout);
            return;
        }

        // Its clones have their time first.
        snapshot.StateSince = now;
        snapshot.Attempt++;
        transaction.Schedule(
            new SnapshotDeadlinePassed { SnapshotKey = snapshot.CorrelationId, Attempt = snapshot.Attempt }, Deadline(snapshot), 2 * Options.DeleteTimeout);
    }

    private static void DeletionFailed(BehaviorContext<SnapshotState> context, string code, string detail)
    {
        EnterFatal(context, code, detail, "deletion failed");
        Publish(context, new SnapshotDeletionFailed { Id = context.Saga.Id, Code = code, Detail = detail });
    }

    private void Protect(BehaviorContext<SnapshotState> context, int? minutes, DateTimeOffset now)
    {
        var snapshot = context.Saga;
        Protection.Begin(
            Transaction(context), snapshot, Protection.Till(minutes ?? 0, Options.ProtectionMaxDurationMinutes, now), Lease(snapshot),
            till => new SnapshotLeaseExpired { SnapshotKey = snapshot.CorrelationId, ProtectedTill = till });
    }

    private static void Unprotect(BehaviorContext<SnapshotState> context) => Protection.End(Transaction(context), context.Saga, Lease(context.Saga));

    private static void ScheduleDeletion(BehaviorContext<SnapshotState> context, DateTimeOffset now) => Protection.ScheduleDeletion(
        Transaction(context), context.Saga, now, DueToken(context.Saga),
        deleteAt => new SnapshotDue { SnapshotKey = context.Saga.CorrelationId, DeleteAt = deleteAt });
}
