using System.Diagnostics;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>What the transitions of <see cref="CloneStateMachine"/> do, all of it within the transaction of the message.</summary>
public sealed class CloneSteps(CloneAdmission admission, IOptions<CloneOptions> options, CloneMetrics metrics)
{
    private CloneOptions Options => options.Value;

    /// <exception cref="CloneRefusedException">There is no snapshot, host, space or port for it.</exception>
    public async Task AdmitAsync(BehaviorContext<CloneState, Asked<CreateClone>> context)
    {
        var (clone, command) = (context.Saga, context.Message.Command);
        var place = await admission.AdmitAsync(Transaction(context), command.Snapshot, context.CancellationToken);
        (clone.Id, clone.HostId, clone.SnapshotId) = (command.Id, place.HostId, place.SnapshotId);
        (clone.Name, clone.Project, clone.Owner) = (command.Name, command.Project, command.Owner ?? context.Message.Actor);
        (clone.Username, clone.Verifier, clone.IsRestricted) = (command.Username, command.Verifier, command.IsRestricted);
        clone.DbName = command.DbName ?? place.DbName;
        if (command.ExtraConf is { } settings)
            clone.ExtraConf = JsonSerializer.Serialize(settings);
        clone.CreatedAt = place.Now;
        clone.TraceId = TraceId();
        if (command.IsProtected || command.ProtectionDurationMinutes is not null)
            Protect(context, command.ProtectionDurationMinutes, place.Now);
        clone.DeleteAt = Protection.Exact(command.DeleteAt);
        ScheduleDeletion(context, place.Now);
        BeginWork(context, place.Now, Options.BuildTimeout);
        Record(context, "requested", nameof(CloneStateMachine.Creating), $"of snapshot {place.SnapshotId}", context.Message.Actor);
    }

    public void RefuseTwice(BehaviorContext<CloneState, Asked<CreateClone>> context) =>
        throw new CloneRefusedException(CloneCodes.CloneExists, $"There is a clone {context.Saga.Id} already.");

    public void RefuseReset(BehaviorContext<CloneState, Asked<ResetClone>> context) =>
        throw new CloneRefusedException(CloneCodes.WrongState, $"Clone {context.Saga.Id} is {CloneStatus.CodeOf(context.Saga.State)}; only one that is OK can be reset.");

    public void RefuseUpdate(BehaviorContext<CloneState, Asked<UpdateClone>> context) =>
        throw new CloneRefusedException(CloneCodes.WrongState, $"Clone {context.Saga.Id} is being deleted.");

    public void Created(BehaviorContext<CloneState, CloneBuilt> context)
    {
        var clone = context.Saga;
        EnterReady(context);
        clone.ReadyAt = context.Message.ReadyAt;
        var took = context.Message.ReadyAt - clone.CreatedAt;
        took = took > TimeSpan.Zero ? took : TimeSpan.Zero;
        metrics.Created(took);
        Transaction(context).ExecuteWithCommit(Sql.Command(
            "INSERT INTO clone_creation (clone_id, seconds) VALUES ($1, $2) ON CONFLICT DO NOTHING", clone.CorrelationId, took.TotalSeconds));
        Record(context, "created", nameof(CloneStateMachine.Ready));
        Publish(context, new CloneCreated
        {
            Id = clone.Id,
            SnapshotId = clone.SnapshotId,
            Host = context.Message.Host,
            Port = context.Message.Port,
            Username = clone.Username,
            DbName = context.Message.DbName,
            CloningTime = took,
        });
    }

    public void CreationFailed(BehaviorContext<CloneState, CloneBuildFailed> context)
    {
        EnterFatal(context, context.Message.Code, context.Message.Detail, "creation failed");
        Publish(context, new CloneCreationFailed { Id = context.Saga.Id, Code = context.Message.Code, Detail = context.Message.Detail });
    }

    public void CreationTimedOut(BehaviorContext<CloneState, CloneDeadlinePassed> context)
    {
        var detail = $"It was not created within {Options.BuildTimeout:c}.";
        EnterFatal(context, CloneCodes.TimedOut, detail, "creation timed out");
        BeginCleanUp(context);
        Publish(context, new CloneCreationFailed { Id = context.Saga.Id, Code = CloneCodes.TimedOut, Detail = detail });
    }

    /// <exception cref="CloneRefusedException">There is no such snapshot on its host, or no space.</exception>
    public async Task BeginResetAsync(BehaviorContext<CloneState, Asked<ResetClone>> context)
    {
        var (clone, command) = (context.Saga, context.Message.Command);
        var place = await admission.AdmitResetAsync(Transaction(context), clone, command, context.CancellationToken);
        clone.SnapshotId = place.SnapshotId;
        clone.Revision++;
        BeginWork(context, place.Now, Options.BuildTimeout);
        Record(context, "reset requested", nameof(CloneStateMachine.Resetting), $"to snapshot {place.SnapshotId}", context.Message.Actor);
    }

    public void ResetDone(BehaviorContext<CloneState, CloneBuilt> context)
    {
        EnterReady(context);
        Record(context, "reset", nameof(CloneStateMachine.Ready));
        Publish(context, new CloneReset { Id = context.Saga.Id, SnapshotId = context.Saga.SnapshotId });
    }

    public void ResetFailed(BehaviorContext<CloneState, CloneBuildFailed> context)
    {
        EnterFatal(context, context.Message.Code, context.Message.Detail, "reset failed");
        Publish(context, new CloneResetFailed { Id = context.Saga.Id, Code = context.Message.Code, Detail = context.Message.Detail });
    }

    public void ResetTimedOut(BehaviorContext<CloneState, CloneDeadlinePassed> context)
    {
        var detail = $"It was not reset within {Options.BuildTimeout:c}.";
        EnterFatal(context, CloneCodes.TimedOut, detail, "reset timed out");
        BeginCleanUp(context);
        Publish(context, new CloneResetFailed { Id = context.Saga.Id, Code = CloneCodes.TimedOut, Detail = detail });
    }

    /// <summary>After its host came back.</summary>
    public void StillThere(BehaviorContext<CloneState, CloneBuilt> context) =>
        (context.Saga.Address, context.Saga.Port) = (context.Message.Host, context.Message.Port);

    public void Lost(BehaviorContext<CloneState, CloneBuildFailed> context)
    {
        EnterFatal(context, context.Message.Code, context.Message.Detail, "lost");
        Publish(context, new CloneLost { Id = context.Saga.Id, Code = context.Message.Code, Detail = context.Message.Detail });
    }

    /// <summary>Its storage is where the host is: both may come back.</summary>
    public void LostWithHost(BehaviorContext<CloneState, CloneHostLost> context)
    {
        EnterFatal(context, CloneCodes.HostLost, context.Message.Detail, "lost with its host");
        context.Saga.IsStored = true;
        Publish(context, new CloneLost { Id = context.Saga.Id, Code = CloneCodes.HostLost, Detail = context.Message.Detail });
    }

    public void LostWhileWorking(BehaviorContext<CloneState, CloneHostLost> context)
    {
        var isCreating = context.Saga.State == nameof(CloneStateMachine.Creating);
        EnterFatal(context, CloneCodes.HostLost, context.Message.Detail, "lost with its host");
        BeginCleanUp(context);
        if (isCreating)
            Publish(context, new CloneCreationFailed { Id = context.Saga.Id, Code = CloneCodes.HostLost, Detail = context.Message.Detail });
        else
            Publish(context, new CloneResetFailed { Id = context.Saga.Id, Code = CloneCodes.HostLost, Detail = context.Message.Detail });
    }

    public void Recovered(BehaviorContext<CloneState, CloneBuilt> context)
    {
        EnterReady(context);
        Record(context, "recovered", nameof(CloneStateMachine.Ready));
        Publish(context, new CloneRecovered { Id = context.Saga.Id });
    }

    public void NotRecovered(BehaviorContext<CloneState, CloneBuildFailed> context) =>
        EnterFatal(context, context.Message.Code, context.Message.Detail, "not recovered");

    /// <exception cref="CloneRefusedException">It is protected.</exception>
    public async Task BeginDeletionAsync(BehaviorContext<CloneState, Asked<DeleteClone>> context)
    {
        var clone = context.Saga;
        var (now, isHostLost) = await admission.LookAtHostAsync(Transaction(context), clone.HostId, context.CancellationToken);
        if (clone.IsProtectedAt(now) && clone.State != nameof(CloneStateMachine.Fatal))
        {
            throw new CloneRefusedException(
                CloneCodes.CloneProtected,
                $"Clone {clone.Id} is protected{(clone.ProtectedTill is { } till ? $" until {till:yyyy-MM-ddTHH:mm:ssZ}" : "")}.");
        }

        clone.DeleteReason = context.Message.Command.Reason;
        if (isHostLost && clone.State == nameof(CloneStateMachine.Fatal))
            return;
        BeginDeletion(context, now, context.Message.Command.Reason, context.Message.Actor);
    }

    /// <summary>
    /// True when the host is lost and the clone was fatal: nobody is there to free its storage now. Should the host come
    /// back, it removes what no clone owns.
    /// </summary>
    public bool IsForgotten(BehaviorContext<CloneState, Asked<DeleteClone>> context) => !IsBegun(context);

    public void Forgotten(BehaviorContext<CloneState, Asked<DeleteClone>> context) => Gone(context, context.Message.Actor);

    /// <summary>A time to delete it that has not been changed meanwhile; a protected clone waits for the end of its lease.</summary>
    public async Task ConsiderDueAsync(BehaviorContext<CloneState, CloneDue> context)
    {
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        if (context.Saga.DeleteAt == context.Message.DeleteAt && !context.Saga.IsProtectedAt(now))
            BeginDeletion(context, now, "its time has come", actor: null);
    }

    public bool IsDue(BehaviorContext<CloneState, CloneDue> context) => IsBegun(context);

    public void Deleted(BehaviorContext<CloneState, CloneRemoved> context) => Gone(context, actor: null);

    public void DeletionFailed(BehaviorContext<CloneState, CloneRemovalFailed> context) =>
        DeletionFailed(context, context.Message.Code, context.Message.Detail);

    public void DeletionTimedOut(BehaviorContext<CloneState, CloneDeadlinePassed> context) =>
        DeletionFailed(context, CloneCodes.TimedOut, $"It was not deleted within {Options.DeleteTimeout:c}.");

    public void DeletionLost(BehaviorContext<CloneState, CloneHostLost> context) =>
        DeletionFailed(context, CloneCodes.HostLost, context.Message.Detail);

    public async Task UpdateAsync(BehaviorContext<CloneState, Asked<UpdateClone>> context)
    {
        var (clone, change) = (context.Saga, context.Message.Command);
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        if (change.IsProtected is false)
            Unprotect(context);
        else if (change.IsProtected is true || change.ProtectionDurationMinutes is not null)
            Protect(context, change.ProtectionDurationMinutes, now);
        if (change.NoDeleteAt)
            clone.DeleteAt = null;
        clone.DeleteAt = Protection.Exact(change.DeleteAt) ?? clone.DeleteAt;
        clone.Name = change.Name ?? clone.Name;
        clone.Project = change.Project ?? clone.Project;
        ScheduleDeletion(context, now);
        Record(context, "updated", clone.State, Changes(change), context.Message.Actor);
        Publish(context, new CloneUpdated { Id = clone.Id, IsProtected = clone.IsProtected, ProtectedTill = clone.ProtectedTill, DeleteAt = clone.DeleteAt });
    }

    public async Task EndLeaseAsync(BehaviorContext<CloneState, CloneLeaseExpired> context)
    {
        var clone = context.Saga;
        if (!clone.IsProtected || clone.ProtectedTill != context.Message.ProtectedTill)
            return;
        var now = await DatabaseClock.NowAsync(Transaction(context), context.CancellationToken);
        Unprotect(context);
        ScheduleDeletion(context, now);
        Record(context, "protection expired", clone.State);
        Publish(context, new CloneProtectionExpired { Id = clone.Id });
    }

    private static Guid Deadline(CloneState clone) => NameIds.Of("clone-deadline", clone.CorrelationId.ToString());

    private static Guid Lease(CloneState clone) => NameIds.Of("clone-lease", clone.CorrelationId.ToString());

    private static Guid DueToken(CloneState clone) => NameIds.Of("clone-due", clone.CorrelationId.ToString());

    private static DurableTransaction Transaction(BehaviorContext<CloneState> context) => context.GetPayload<DurableTransaction>();

    private static void Publish<T>(BehaviorContext<CloneState> context, T message)
        where T : class => Transaction(context).Publish(message);

    private static bool IsBegun(BehaviorContext<CloneState> context) => context.Saga.IsDeletionBegun;

    private static string? TraceId() => Activity.Current?.TraceId.ToHexString();

    private static string? Changes(UpdateClone change)
    {
        var named = new List<string>();
        if (change.IsProtected is not null || change.ProtectionDurationMinutes is not null)
            named.Add("protection");
        if (change.DeleteAt is not null || change.NoDeleteAt)
            named.Add("deleteAt");
        if (change.Name is not null)
            named.Add("name");
        if (change.Project is not null)
            named.Add("project");
        return string.Join(", ", named);
    }

    private static void Record(BehaviorContext<CloneState> context, string what, string to, string? reason = null, string? actor = null) =>
        Transaction(context).Record(new ResourceEvent
        {
            Kind = "clone",
            Key = context.Saga.Id,
            What = what,
            FromState = CloneStatus.CodeOf(context.Saga.State),
            ToState = CloneStatus.CodeOf(to),
            Reason = reason,
            Actor = actor,
            TraceId = TraceId() ?? context.Saga.TraceId,
        });

    private static void EnterReady(BehaviorContext<CloneState, CloneBuilt> context)
    {
        var (clone, built) = (context.Saga, context.Message);
        (clone.Address, clone.Port, clone.DbName, clone.IsStored) = (built.Host, built.Port, built.DbName, true);
        (clone.FatalCode, clone.FatalDetail, clone.StateSince) = (null, null, built.ReadyAt);
        Transaction(context).Unschedule(Deadline(clone));
    }

    private static void EnterFatal(BehaviorContext<CloneState> context, string code, string detail, string what)
    {
        var clone = context.Saga;
        (clone.FatalCode, clone.FatalDetail, clone.IsStored) = (code, detail, false);
        Transaction(context).Unschedule(Deadline(clone));
        Record(context, what, nameof(CloneStateMachine.Fatal), $"{code}: {detail}");
    }

    private void DeletionFailed(BehaviorContext<CloneState> context, string code, string detail)
    {
        EnterFatal(context, code, detail, "deletion failed");
        Publish(context, new CloneDeletionFailed { Id = context.Saga.Id, Code = code, Detail = detail });
    }

    private void BeginDeletion(BehaviorContext<CloneState> context, DateTimeOffset now, string? reason, string? actor)
    {
        context.Saga.DeleteReason = reason;
        BeginWork(context, now, Options.DeleteTimeout);
        context.Saga.IsDeletionBegun = true;
        Record(context, "deletion requested", nameof(CloneStateMachine.Deleting), reason, actor);
    }

    private void BeginWork(BehaviorContext<CloneState> context, DateTimeOffset now, TimeSpan limit)
    {
        var (clone, transaction) = (context.Saga, Transaction(context));
        clone.Attempt++;
        clone.StateSince = now;
        clone.IsStored = false;
        transaction.Publish(CloneHosts.ToHost(clone.HostId, new WorkOnClone { CloneId = clone.CorrelationId, Attempt = clone.Attempt }, now));
        transaction.Schedule(new CloneDeadlinePassed { CloneId = clone.CorrelationId, Attempt = clone.Attempt }, Deadline(clone), limit);
    }

    // A new attempt, so that an answer which is on its way no longer counts; the host frees what a fatal clone has.
    private static void BeginCleanUp(BehaviorContext<CloneState> context)
    {
        var clone = context.Saga;
        clone.Attempt++;
        Transaction(context).Publish(CloneHosts.ToHost(
            clone.HostId, new WorkOnClone { CloneId = clone.CorrelationId, Attempt = clone.Attempt }, clone.StateSince));
    }

    private static void Gone(BehaviorContext<CloneState> context, string? actor)
    {
        var (clone, transaction) = (context.Saga, Transaction(context));
        transaction.Unschedule(Deadline(clone));
        transaction.Unschedule(Lease(clone));
        transaction.Unschedule(DueToken(clone));
        Record(context, "deleted", "Final", clone.DeleteReason, actor);
        transaction.Publish(new CloneDeleted { Id = clone.Id, SnapshotId = clone.SnapshotId, Reason = clone.DeleteReason });
    }

    private void Protect(BehaviorContext<CloneState> context, int? minutes, DateTimeOffset now)
    {
        var clone = context.Saga;
        Protection.Begin(
            Transaction(context), clone, Protection.Till(minutes ?? Options.ProtectionLeaseDurationMinutes, Options.ProtectionMaxDurationMinutes, now), Lease(clone),
            till => new CloneLeaseExpired { CloneId = clone.CorrelationId, ProtectedTill = till });
    }

    private static void Unprotect(BehaviorContext<CloneState> context) => Protection.End(Transaction(context), context.Saga, Lease(context.Saga));

    private static void ScheduleDeletion(BehaviorContext<CloneState> context, DateTimeOffset now) => Protection.ScheduleDeletion(
        Transaction(context), context.Saga, now, DueToken(context.Saga),
        deleteAt => new CloneDue { CloneId = context.Saga.CorrelationId, DeleteAt = deleteAt });
}
