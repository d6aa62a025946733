using MassTransit;
using Orchestrator.Contracts.Instances;

namespace Orchestrator.Sagas.Instances;

/// <content>What an instance is meant to become, why, and which job it serves.</content>
internal static partial class InstanceSteps
{
    public static void IntendEnd(BehaviorContext<InstanceState, TerminateInstance> context) => Intend(context, Intents.Terminated, context.Message.Reason ?? Reasons.Asked);

    public static void IntendEnd(BehaviorContext<InstanceState, UpdateInstance> context) => Intend(context, Intents.Terminated, Reasons.Asked);

    public static void IntendStop(BehaviorContext<InstanceState, UpdateInstance> context) => Intend(context, Intents.Stopped, Reasons.Asked);

    public static void IntendJobEnd(BehaviorContext<InstanceState> context) => Intend(context, Intents.Terminated, Reasons.JobCompleted);

    public static void IntendIdleEnd(BehaviorContext<InstanceState> context) => Intend(context, Intents.Terminated, Reasons.Idle);

    public static void IntendDrainEnd(BehaviorContext<InstanceState> context) => Intend(context, Intents.Terminated, Reasons.Drained);

    public static void IntendMoveEnd(BehaviorContext<InstanceState> context) => Intend(context, Intents.Terminated, Reasons.Drained);

    public static void NameDeadline(BehaviorContext<InstanceState> context)
    {
        var saga = context.Saga;
        (saga.ReasonCode, saga.Reason) = (saga.IsPlaced, saga.ContainerId) switch
        {
            (false, _) => (Reasons.NoRoom, "no node had room in time"),
            (true, null) => (Reasons.StartDeadline, $"{saga.NodeName} did not start it in time"),
            _ => (Reasons.HealthDeadline, "it did not become healthy in time"),
        };
    }

    public static void NameDrain(BehaviorContext<InstanceState> context) =>
        (context.Saga.ReasonCode, context.Saga.Reason) = (Reasons.Drained, "its node was drained");

    public static void NameIllness(BehaviorContext<InstanceState, HealthLost> context) =>
        (context.Saga.ReasonCode, context.Saga.Reason) = (Reasons.Unhealthy, context.Message.Detail);

    public static void NameStopDeadline(BehaviorContext<InstanceState> context) =>
        (context.Saga.ReasonCode, context.Saga.Reason) = (Reasons.StopDeadline, $"{context.Saga.NodeName} did not end it in time");

    public static void NameReport(BehaviorContext<InstanceState> context) =>
        (context.Saga.ReasonCode, context.Saga.Reason) = (Reasons.Reported, $"{context.Work().Actor} said so");

    /// <summary>Decides what an update comes to, or refuses it.</summary>
    public static void Check(BehaviorContext<InstanceState, UpdateInstance> context)
    {
        var (saga, message, work) = (context.Saga, context.Message, context.Work());
        if (message.Version is { } version && version != saga.Version)
        {
            work.Refuse(InstanceRefusal.VersionConflict, $"The instance is {saga.Status} in version {saga.Version}; version {version} is past.");
            return;
        }

        var target = Target(saga, message);
        var isEnding = saga.InstanceStatus is Intents.Terminated && target is not (Statuses.Terminated or Statuses.Failed) && target != saga.Status;
        if (target is null || isEnding)
        {
            work.Refuse(InstanceRefusal.IllegalTransition, Illegal(saga, message));
        }
        else if (saga.Status is Statuses.Terminated && (message.ContainerId is not null || message.NodeName is not null))
        {
            work.Refuse(InstanceRefusal.IllegalTransition, "The instance is terminated, which is final: nothing of it changes.");
        }
        else if (target != saga.Status && !Statuses.After(saga.Status).Contains(target, StringComparer.Ordinal))
        {
            work.Refuse(InstanceRefusal.IllegalTransition, Illegal(saga, message));
        }
        else
        {
            work.Target = target == saga.Status ? null : target;
        }
    }

    /// <summary>Notes where an update says that the instance runs.</summary>
    public static void NotePlace(BehaviorContext<InstanceState, UpdateInstance> context)
    {
        if (context.Work().Refusal is not null)
            return;
        var (saga, message) = (context.Saga, context.Message);
        var isNew = (message.ContainerId is not null && message.ContainerId != saga.ContainerId) || (message.NodeName is not null && message.NodeName != saga.NodeName);
        saga.ContainerId = message.ContainerId ?? saga.ContainerId;
        saga.NodeName = message.NodeName ?? saga.NodeName;
        if (isNew)
            context.Work().Tell("noted", "where it runs");
    }

    public static void Bind(BehaviorContext<InstanceState, JobTaken> context)
    {
        var saga = context.Saga;
        if (saga.JobPlatform == context.Message.Platform && saga.JobId == context.Message.JobId)
            return;
        (saga.JobPlatform, saga.JobId, saga.IdleSince) = (context.Message.Platform, context.Message.JobId, null);
        context.Work().Tell("busy", $"job {saga.JobPlatform}/{saga.JobId}");
    }

    public static bool IsOfJob(BehaviorContext<InstanceState, JobLeft> context) =>
        context.Saga is { JobId: null, IsOfFlavor: true }
        || (context.Saga.JobPlatform == context.Message.Platform && context.Saga.JobId == context.Message.JobId);

    public static void Unbind(BehaviorContext<InstanceState, JobLeft> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        if (saga.JobId is not null && saga.JobId != context.Message.JobId)
            return;
        (saga.JobPlatform, saga.JobId) = (null, null);
        saga.IdleSince = saga.Status is Statuses.Running ? work.Now : null;
        work.Tell("idle", $"job {context.Message.Platform}/{context.Message.JobId} is over");
    }

    public static async Task AskAsync(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        if (saga.LeaseUntil > work.Now)
            return;
        saga.AskedAt = work.Now;
        await work.Placements.AskAsync(work.Transaction, saga.CorrelationId, saga.Attempt, work.CancellationToken);
        work.Tell("asked", "whether it can end");
    }

    public static async Task TakeBackAskAsync(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        saga.AskedAt = null;
        if (!saga.IsBusy)
            saga.IdleSince = work.Now;
        await work.Placements.TakeBackAskAsync(work.Transaction, saga.CorrelationId, saga.Attempt, work.CancellationToken);
        work.Tell("stays", "it did not end when it was asked");
    }

    /// <summary>The state that an update means; the current one when it names none, null when it makes no sense.</summary>
    public static string? Target(InstanceState saga, UpdateInstance message)
    {
        // Terminated on one side is terminated on the other, and so is failed.
        if (message.Status is Statuses.Terminated || message.InstanceStatus is Intents.Terminated)
            return Statuses.Terminated;
        if (message.Status is Statuses.Failed || message.InstanceStatus is Intents.Failed)
            return Statuses.Failed;
        if (message.Status is { } status)
            return status;
        return (message.InstanceStatus, saga.Status) switch
        {
            (null, _) => saga.Status,
            (Intents.Running, Statuses.Provisioning or Statuses.Running) => saga.Status,
            (Intents.Running, Statuses.Stopped or Statuses.Failed) => Statuses.Provisioning,
            (Intents.Stopped, Statuses.Running) => Statuses.Stopping,
            (Intents.Stopped, Statuses.Stopping or Statuses.Stopped) => saga.Status,
            _ => null,
        };
    }

    private static string Illegal(InstanceState saga, UpdateInstance message)
    {
        var next = Statuses.After(saga.Status);
        var asked = string.Join(", ", new[] { message.Status, message.InstanceStatus }.Where(text => text is not null));
        return next.Count == 0
            ? $"The instance is {saga.Status}, which is final; it cannot become {asked}."
            : $"The instance is {saga.Status}, {saga.InstanceStatus}; it cannot become {asked}. From here it can become {string.Join(", ", next)}.";
    }

    private static void Intend(BehaviorContext<InstanceState> context, string intent, string reason)
    {
        var saga = context.Saga;
        if (saga.InstanceStatus == intent)
            return;
        saga.InstanceStatus = intent;
        (saga.ReasonCode, saga.Reason) = (reason, null);
        saga.AskedAt = null;
        context.Work().Tell(intent is Intents.Stopped ? "stop-asked" : "end-asked", reason);
        if (saga is { Status: Statuses.Failed, IsPlaced: true })
            saga.DueAt = null;
    }
}
