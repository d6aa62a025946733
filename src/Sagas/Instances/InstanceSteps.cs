using MassTransit;
using Orchestrator.Contracts.Instances;

namespace Orchestrator.Sagas.Instances;

/// <summary>What the state machine does on its arrows: placing, failing, and what a program's life means for its instance.</summary>
internal static partial class InstanceSteps
{
    public static void Begin(BehaviorContext<InstanceState, InstanceAccepted> context)
    {
        var (saga, message, work) = (context.Saga, context.Message, context.Work());
        saga.Id = message.Id;
        saga.AppId = message.Command.AppId;
        saga.InstanceType = message.Command.InstanceType;
        saga.RegionId = message.Command.RegionId;
        saga.InstanceStatus = Intents.Running;
        saga.Replaces = message.Replaces;
        (saga.FlavorPlatform, saga.FlavorName) = (message.Flavor?.Platform, message.Flavor?.Name);
        saga.CreatedAt = work.Now;
        saga.TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString();
        work.Tell("accepted", message.Replaces is { } old ? $"instead of {old}" : message.Flavor is { } flavor ? $"for flavor {flavor.Platform}/{flavor.Name}" : null);
    }

    /// <summary>Claims room on a node; without room the instance waits, as long as it may.</summary>
    public static async Task PlaceAsync(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        var app = await work.AppAsync(saga.AppId);
        if (app is null || work.Options.SizeOf(saga.InstanceType) is not { } size)
        {
            saga.DueAt = work.Now;
            return;
        }

        var claim = await work.Placements.ClaimAsync(work, new PlacementRequest(saga, app, size));
        if (claim is null)
        {
            if (saga.Status is Statuses.Provisioning && saga.DueAt is not null)
                return;
            saga.DueAt = work.Now + work.Options.PlacementDeadline;
            (saga.NodeName, saga.ContainerId) = (null, null);
            work.Tell("waiting", "no node has room");
            return;
        }

        saga.Attempt++;
        saga.IsPlaced = true;
        (saga.NodeName, saga.ContainerId) = (claim, null);
        (saga.ReasonCode, saga.Reason, saga.ExitCode) = (null, null, null);
        saga.DueAt = work.Now + work.Options.StartDeadline;
        work.Tell("placed", $"on {claim}, attempt {saga.Attempt}");
    }

    public static void NoteStart(BehaviorContext<InstanceState, ProgramStarted> context)
    {
        context.Saga.ContainerId = context.Message.ContainerId;
        if (context.Saga.InstanceStatus is Intents.Running)
            context.Saga.DueAt = context.Work().Now + context.Work().Options.HealthDeadline;
        context.Work().Tell("started", context.Message.ContainerId);
    }

    public static void NoteRunning(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        saga.DueAt = null;
        saga.RunningAt = work.Now;
        if (!saga.IsBusy)
            saga.IdleSince = work.Now;
        work.Tell("running");
        if (saga.Replaces is { } old)
            work.FollowUps.Add(sagas => sagas.RaiseAsync(work.Transaction, old, sagas.Machine.Replaced, new ReplacementRuns(), work.Actor, work.CancellationToken));
    }

    public static void NoteEnd(BehaviorContext<InstanceState, ProgramEnded> context)
    {
        var saga = context.Saga;
        saga.IsPlaced = false;
        saga.AskedAt = null;
        if (saga.Status is Statuses.Failed && context.Message.Code is not Reasons.NodeLost)
            return;
        if (saga.InstanceStatus is Intents.Running || context.Message.Code is Reasons.NodeLost)
            (saga.ReasonCode, saga.Reason) = (context.Message.Code, context.Message.Detail);
        saga.ExitCode = context.Message.ExitCode;
    }

    /// <summary>A program that ended well is done, unless it must always run.</summary>
    public static async Task JudgeEndAsync(BehaviorContext<InstanceState, ProgramEnded> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        var endedWell = context.Message is { Code: Reasons.Exited, ExitCode: 0 };
        var policy = (await work.AppAsync(saga.AppId))?.RestartPolicy ?? new RestartPolicy();
        work.IsDone = saga.InstanceStatus is Intents.Terminated || (endedWell && (saga.IsOfFlavor || policy.Mode is not RestartModes.Always));
    }

    /// <summary>Restarts by policy, or gives up; what a lost node ran is replaced by another instance.</summary>
    public static async Task FailAsync(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        (saga.IdleSince, saga.AskedAt) = (null, null);
        var policy = (await work.AppAsync(saga.AppId))?.RestartPolicy ?? new RestartPolicy();
        if (saga.RestartsSince is null || work.Now - saga.RestartsSince > TimeSpan.FromSeconds(policy.WindowSeconds))
            (saga.RestartsSince, saga.Restarts) = (work.Now, 0);
        var comesBack = saga is { InstanceStatus: Intents.Running, IsOfFlavor: false } && policy.Mode is not RestartModes.No && saga.Restarts < policy.Attempts
            // One that is being moved has a successor already: there is to be one of them.
            && !(saga.ReplacedBy is { } successor && await work.IsMeantToRunAsync(successor));
        if (!comesBack)
        {
            GiveUp(context);
        }
        else if (saga.ReasonCode is Reasons.NodeLost or Reasons.Drained)
        {
            Replace(context, saga.Restarts + 1);
            GiveUp(context);
        }
        else
        {
            var delay = policy.Delay(saga.Restarts, work.Jitter);
            saga.DueAt = work.Now + delay;
            work.Tell("failed", FormattableString.Invariant($"{saga.ReasonCode}: {saga.Reason}; restart {saga.Restarts + 1} of {policy.Attempts} in {delay.TotalSeconds:0.0} s"));
        }
    }

    public static void GiveUp(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        if (saga.InstanceStatus is not Intents.Terminated)
            saga.InstanceStatus = Intents.Failed;
        (saga.DueAt, saga.EndedAt) = (null, work.Now);
        work.Tell("failed", $"{saga.ReasonCode}: {saga.Reason}");
    }

    /// <summary>What could not be ended in time stays claimed until its node says that it is gone.</summary>
    public static void GiveUpStop(BehaviorContext<InstanceState> context) => GiveUp(context);

    public static void CountRestart(BehaviorContext<InstanceState> context)
    {
        context.Saga.Restarts++;
        context.Saga.DueAt = null;
    }

    /// <summary>Another instance of the same app is made elsewhere; this one ends when that one runs. It has not failed, so nothing is counted.</summary>
    public static void Move(BehaviorContext<InstanceState> context) => Replace(context, context.Saga.Restarts);

    private static void Replace(BehaviorContext<InstanceState> context, int restarts)
    {
        var (saga, work) = (context.Saga, context.Work());
        var successor = Guid.CreateVersion7();
        saga.ReplacedBy = successor;
        work.Tell("replaced", $"by {successor}");
        var command = new ProvisionInstance { InstanceId = successor, AppId = saga.AppId, InstanceType = saga.InstanceType, RegionId = saga.RegionId };
        var (old, since) = (saga.CorrelationId, saga.RestartsSince);
        work.FollowUps.Add(async sagas =>
        {
            await sagas.ReplaceAsync(work.Transaction, command, old, work.Actor, work.CancellationToken);
            await work.Placements.InheritRestartsAsync(work.Transaction, successor, restarts, since, work.CancellationToken);
        });
    }

    public static void StartAnew(BehaviorContext<InstanceState> context)
    {
        var saga = context.Saga;
        saga.InstanceStatus = Intents.Running;
        (saga.Restarts, saga.RestartsSince, saga.EndedAt, saga.ReplacedBy) = (0, null, null, null);
        saga.DueAt = saga.IsPlaced ? context.Work().Now : null;
        context.Work().Tell("start-asked");
    }

    /// <summary>Has the node end whatever runs of the current attempt.</summary>
    public static async Task EndWhatRunsAsync(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        if (!saga.IsPlaced)
            return;
        var app = await work.AppAsync(saga.AppId);
        var grace = app?.GraceSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : work.Options.Grace;
        await work.Placements.EndAsync(work.Transaction, saga.CorrelationId, saga.Attempt, grace, work.CancellationToken);
        saga.DueAt = work.Now + grace + work.Options.StopDeadline;
    }

    public static void KeepEnding(BehaviorContext<InstanceState> context) =>
        context.Saga.DueAt = context.Work().Now + (context.Saga.Status is Statuses.Failed ? TimeSpan.FromSeconds(1) : context.Work().Options.StopDeadline);

    public static void Rest(BehaviorContext<InstanceState> context)
    {
        context.Saga.DueAt = null;
        context.Work().Tell("stopped");
    }

    /// <summary>The end: nothing of it is left, and nothing brings it back.</summary>
    public static void Close(BehaviorContext<InstanceState> context)
    {
        var (saga, work) = (context.Saga, context.Work());
        saga.InstanceStatus = Intents.Terminated;
        (saga.DueAt, saga.IdleSince, saga.AskedAt, saga.EndedAt) = (null, null, null, work.Now);
        saga.ReasonCode ??= Reasons.Ended;
        work.Tell("terminated", saga.ReasonCode);
    }
}
