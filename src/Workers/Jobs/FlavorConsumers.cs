using MassTransit;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Jobs;

/// <summary>Adds a flavor.</summary>
public sealed class AddFlavorConsumer(SingleMessage single, FlavorWriter flavors) : IConsumer<AddFlavor>
{
    public Task Consume(ConsumeContext<AddFlavor> context) => single.HandleAsync(context, "add-flavor", async transaction =>
    {
        var command = context.Message with { Labels = Labels.OfFlavor(context.Message.Labels) };
        if (!await flavors.AddAsync(transaction, command, context.ReceiveContext.Publisher(), context.CancellationToken))
            transaction.Publish(Refusals.Exists(command.Platform, command.Name));
    });
}

/// <summary>Changes a flavor.</summary>
public sealed class UpdateFlavorConsumer(SingleMessage single, FlavorWriter flavors) : IConsumer<UpdateFlavor>
{
    public Task Consume(ConsumeContext<UpdateFlavor> context) =>
        single.HandleAsync(context, "update-flavor", transaction => UpdateAsync(transaction, context, context.Message, flavors));

    internal static async Task UpdateAsync(
        DurableTransaction transaction, ConsumeContext context, UpdateFlavor command, FlavorWriter flavors)
    {
        if (command.Labels is not null)
            command = command with { Labels = Labels.OfFlavor(command.Labels) };
        if (!await flavors.UpdateAsync(transaction, command, context.ReceiveContext.Publisher(), context.CancellationToken))
            transaction.Publish(Refusals.NotFound(command.Platform, command.Name));
    }
}

/// <summary>Lets a flavor take jobs again.</summary>
public sealed class EnableFlavorConsumer(SingleMessage single, FlavorWriter flavors) : IConsumer<EnableFlavor>
{
    public Task Consume(ConsumeContext<EnableFlavor> context) => single.HandleAsync(context, "enable-flavor", transaction =>
        UpdateFlavorConsumer.UpdateAsync(
            transaction, context,
            new UpdateFlavor { Platform = context.Message.Platform, Name = context.Message.Name, IsDisabled = false }, flavors));
}

/// <summary>Takes a flavor out of service.</summary>
public sealed class DisableFlavorConsumer(SingleMessage single, FlavorWriter flavors) : IConsumer<DisableFlavor>
{
    public Task Consume(ConsumeContext<DisableFlavor> context) => single.HandleAsync(context, "disable-flavor", transaction =>
        UpdateFlavorConsumer.UpdateAsync(
            transaction, context,
            new UpdateFlavor { Platform = context.Message.Platform, Name = context.Message.Name, IsDisabled = true }, flavors));
}

/// <summary>Removes a flavor.</summary>
public sealed class DeleteFlavorConsumer(SingleMessage single, FlavorWriter flavors) : IConsumer<DeleteFlavor>
{
    public Task Consume(ConsumeContext<DeleteFlavor> context) => single.HandleAsync(context, "delete-flavor", transaction =>
        flavors.DeleteAsync(
            transaction, context.Message.Platform, context.Message.Name, context.ReceiveContext.Publisher(), context.CancellationToken));
}

/// <summary>Forgets a job.</summary>
public sealed class DeleteJobConsumer(SingleMessage single, JobRemover jobs) : IConsumer<DeleteJob>
{
    public Task Consume(ConsumeContext<DeleteJob> context) => single.HandleAsync(context, "delete-job", transaction =>
        jobs.DeleteAsync(
            transaction, context.Message.Platform, context.Message.Id, context.ReceiveContext.Publisher(), context.CancellationToken));
}

internal static class Refusals
{
    public static FlavorRefused Exists(string platform, string name) => new()
    {
        Platform = platform,
        Name = name,
        Code = "FLAVOR_EXISTS",
        Detail = $"Platform {platform} has a flavor {name} already.",
    };

    public static FlavorRefused NotFound(string platform, string name) => new()
    {
        Platform = platform,
        Name = name,
        Code = "FLAVOR_NOT_FOUND",
        Detail = $"Platform {platform} has no flavor {name}.",
    };
}
