using System.Globalization;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>Tells the outside what happened to an instance: the timeline, and one event for each state that it came to.</summary>
internal static class InstanceReports
{
    /// <summary>Key of an instance's timeline.</summary>
    public static string Key(long id) => id.ToString(CultureInfo.InvariantCulture);

    public static ResourceEvent Line(InstanceState saga, string what, string? from, string? to, string? reason, string actor) => new()
    {
        Kind = InstanceSagas.Kind,
        Key = Key(saga.Id),
        What = what,
        FromState = string.IsNullOrEmpty(from) ? null : from,
        ToState = to,
        Reason = reason,
        Actor = actor,
        TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString() ?? saga.TraceId,
    };

    public static void Tell(DurableTransaction transaction, InstanceState saga, string? from, DateTimeOffset? dueBefore, InstanceWork work)
    {
        var lines = work.Lines.Count > 0 || from == saga.Status ? work.Lines : [(saga.Status, saga.ReasonCode)];
        // The last line is the one of the arrow.
        for (var i = 0; i < lines.Count; i++)
            transaction.Record(Line(saga, lines[i].What, from, i == lines.Count - 1 ? saga.Status : from is "" ? null : from, lines[i].Reason, work.Actor));
        if (from != saga.Status)
            Publish(transaction, saga);
        // One timer an instance, named by its guid: setting it again replaces it.
        if (saga.DueAt is { } due && due != dueBefore)
            transaction.Schedule(new InstanceDue { InstanceId = saga.CorrelationId }, saga.CorrelationId, due);
        else if (saga.DueAt is null && dueBefore is not null)
            transaction.Unschedule(saga.CorrelationId);
    }

    private static void Publish(DurableTransaction transaction, InstanceState saga)
    {
        if (saga is { FlavorPlatform: { } platform, FlavorName: { } flavor, Status: Statuses.Failed or Statuses.Terminated or Statuses.Stopping })
            transaction.Publish(new CapacityChanged { Platform = platform, Flavor = flavor });
        var (guid, id, app) = (saga.CorrelationId, saga.Id, saga.AppId);
        switch (saga.Status)
        {
            case Statuses.Provisioning:
                transaction.Publish(new InstanceProvisioning { InstanceId = guid, Id = id, AppId = app, Attempt = saga.Attempt });
                break;
            case Statuses.Running:
                transaction.Publish(new InstanceRunning { InstanceId = guid, Id = id, AppId = app, NodeName = saga.NodeName, ContainerId = saga.ContainerId });
                break;
            case Statuses.Stopping:
                transaction.Publish(new InstanceStopping { InstanceId = guid, Id = id, AppId = app });
                break;
            case Statuses.Stopped:
                transaction.Publish(new InstanceStopped { InstanceId = guid, Id = id, AppId = app });
                break;
            case Statuses.Failed:
                transaction.Publish(new InstanceFailed
                {
                    InstanceId = guid,
                    Id = id,
                    AppId = app,
                    Code = saga.ReasonCode ?? "failed",
                    Detail = saga.Reason,
                    WillRestart = saga.InstanceStatus is Intents.Running,
                });
                break;
            case Statuses.Terminated:
                transaction.Publish(new InstanceTerminated { InstanceId = guid, Id = id, AppId = app, Reason = saga.ReasonCode });
                break;
        }
    }
}
