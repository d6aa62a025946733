namespace Orchestrator.Sagas.Messaging;

/// <summary>
/// The queue that serves MassTransit's scheduler contracts to any application on the broker: what it gives to
/// <c>UseMessageScheduler(new Uri("queue:orchestrator-scheduler"))</c>. Such an application declares the queue itself,
/// without arguments, so it must have none. Its name keeps out the user for publishers, who may not send to whatever
/// queue a request names.
/// </summary>
public static class SchedulerQueue
{
    public const string Name = "orchestrator-scheduler";
}
