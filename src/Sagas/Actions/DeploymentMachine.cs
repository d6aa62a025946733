using MassTransit;
using MassTransit.Context;
using MassTransit.Middleware;
using Orchestrator.Contracts.Actions;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// Drives <see cref="DeploymentStateMachine"/> in memory, for as many deployments as one transaction holds. MassTransit's
/// own saga endpoint takes one message, one row and one transaction at a time, which costs several times as much.
/// </summary>
public sealed class DeploymentMachine
{
    private readonly Dictionary<Type, Func<Deployment, object, Task>> _events;

    public DeploymentMachine()
    {
        var machine = Machine;
        _events = new Dictionary<Type, Func<Deployment, object, Task>>
        {
            [typeof(ExecuteAction)] = Raise(machine.Execute),
            [typeof(StopDeployment)] = Raise(machine.Stop),
            [typeof(SuspendDeployment)] = Raise(machine.Suspend),
            [typeof(ResumeDeployment)] = Raise(machine.Resume),
            [typeof(RedriveDeployment)] = Raise(machine.Redrive),
            [typeof(RetryRollback)] = Raise(machine.RetryRollback),
            [typeof(SkipRollback)] = Raise(machine.SkipRollback),
            [typeof(JobSucceeded)] = Raise(machine.JobSucceeded),
            [typeof(JobFailed)] = Raise(machine.JobFailed),
            [typeof(JobUndone)] = Raise(machine.JobUndone),
            [typeof(JobUndoFailed)] = Raise(machine.JobUndoFailed),
            [typeof(AttemptLost)] = Raise(machine.AttemptLost),
            [typeof(JobListUnknown)] = Raise(machine.JobListUnknown),
        };
    }

    public DeploymentStateMachine Machine { get; } = new();

    /// <summary>Lets an event happen to a deployment, which tells in its step what comes of it.</summary>
    public Task RaiseAsync(Deployment deployment, object message) => _events[message.GetType()](deployment, message);

    private Func<Deployment, object, Task> Raise<T>(Event<T> @event)
        where T : class
    {
        var filter = new StateMachineSagaMessageFilter<Deployment, T>(Machine, @event);
        var end = Pipe.Empty<SagaConsumeContext<Deployment, T>>();
        return (deployment, message) => filter.Send(
            new DefaultSagaConsumeContext<Deployment, T>(
                new MessageConsumeContext<T>(Undelivered.Instance, (T)message), deployment),
            end);
    }
}
