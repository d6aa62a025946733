using MassTransit;
using Orchestrator.Contracts.Instances;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Instances.Capacity;

namespace Orchestrator.Workers.Instances;

// None of these enters an inbox: each looks at what is committed, so a repeat finds nothing to do.

/// <summary>The demand of flavors changed.</summary>
public sealed class PressureChangedConsumer(CapacityController controller) : IConsumer<Batch<PressureChanged>>
{
    public Task Consume(ConsumeContext<Batch<PressureChanged>> context) => controller.ReconcileAsync(
        [.. context.Message.SelectMany(message => message.Message.Flavors.Select(flavor => (message.Message.Platform, flavor))).Distinct()], context.CancellationToken);
}

/// <summary>An instance of a flavor ended.</summary>
public sealed class CapacityChangedConsumer(CapacityController controller) : IConsumer<Batch<CapacityChanged>>
{
    public Task Consume(ConsumeContext<Batch<CapacityChanged>> context) => controller.ReconcileAsync(
        [.. context.Message.Select(message => (message.Message.Platform, message.Message.Flavor)).Distinct()], context.CancellationToken);
}

/// <summary>Jobs started: their runners are busy.</summary>
public sealed class RunnerStartedConsumer(RunnerBindings bindings) : IConsumer<Batch<JobStarted>>
{
    public Task Consume(ConsumeContext<Batch<JobStarted>> context) =>
        bindings.LookAsync([.. context.Message.Select(message => (message.Message.Platform, message.Message.Id))], context.CancellationToken);
}

/// <summary>Jobs completed: their runners end, or are free.</summary>
public sealed class RunnerCompletedConsumer(RunnerBindings bindings) : IConsumer<Batch<JobCompleted>>
{
    public Task Consume(ConsumeContext<Batch<JobCompleted>> context) =>
        bindings.LookAsync([.. context.Message.Select(message => (message.Message.Platform, message.Message.Id))], context.CancellationToken);
}

/// <summary>Jobs were deleted: their runners end, or are free.</summary>
public sealed class RunnerDeletedConsumer(RunnerBindings bindings) : IConsumer<Batch<JobDeleted>>
{
    public Task Consume(ConsumeContext<Batch<JobDeleted>> context) =>
        bindings.LookAsync([.. context.Message.Select(message => (message.Message.Platform, message.Message.Id))], context.CancellationToken);
}

/// <summary>Many events about the same few things: one look serves all that came within moments.</summary>
public abstract class CapacityBatchDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    private const int MessageLimit = 100;

    protected CapacityBatchDefinition(string endpoint)
    {
        EndpointName = endpoint;
        Endpoint(e => e.PrefetchCount = MessageLimit * 2);
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<TConsumer> consumerConfigurator, IRegistrationContext context) =>
        consumerConfigurator.Options<BatchOptions>(batch => batch
            .SetMessageLimit(MessageLimit).SetTimeLimit(TimeSpan.FromMilliseconds(20)).SetConcurrencyLimit(1));
}

public sealed class PressureChangedConsumerDefinition() : CapacityBatchDefinition<PressureChangedConsumer>("orchestrator-capacity-pressure-changed");

public sealed class CapacityChangedConsumerDefinition() : CapacityBatchDefinition<CapacityChangedConsumer>("orchestrator-capacity-changed");

public sealed class RunnerStartedConsumerDefinition() : CapacityBatchDefinition<RunnerStartedConsumer>("orchestrator-runner-started");

public sealed class RunnerCompletedConsumerDefinition() : CapacityBatchDefinition<RunnerCompletedConsumer>("orchestrator-runner-completed");

public sealed class RunnerDeletedConsumerDefinition() : CapacityBatchDefinition<RunnerDeletedConsumer>("orchestrator-runner-deleted");

/// <summary>Looks at the capacity of all flavors, whatever was heard of it.</summary>
public sealed class ReconcileCapacity(CapacityController controller) : IDuty
{
    public string Name => "reconcile-capacity";

    public TimeSpan Interval => TimeSpan.FromSeconds(1);

    public Task RunAsync(CancellationToken cancellationToken) => controller.ReconcileAsync(flavors: null, cancellationToken);
}
