using MassTransit;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Workers.Actions;

/// <summary>Registers declared actions.</summary>
public sealed class RegisterActionConsumer(SingleMessage single, DefinitionReader reader, DeclaredActionStore store, ActionCatalogue catalogue)
    : IConsumer<RegisterAction>
{
    private const string Consumer = "register-action";

    public Task Consume(ConsumeContext<RegisterAction> context) => single.HandleAsync(context, Consumer, async transaction =>
    {
        var command = context.Message;
        var format = command.Definition.AsSpan().TrimStart() is ['{', ..] ? DefinitionFormat.Json : DefinitionFormat.Yaml;
        ActionKey key;
        try
        {
            key = reader.Read(command.Definition, format).Key;
        }
        catch (InvalidDefinitionException exception)
        {
            throw new InvalidMessageException("INVALID_DEFINITION", exception.Message);
        }

        if ((await catalogue.AllAsync(context.CancellationToken)).Any(list => list.Application == key.Application && list.Action == key.Name && !list.IsDeclared))
            throw new InvalidMessageException("ACTION_IN_CODE", $"action {key.Name} comes with a worker's code.");
        // A repeat that comes after a later registration must not bring the earlier content back.
        var isFirst = await transaction.ExecuteAsync(
            "INSERT INTO inbox (message_id, consumer) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            context.CancellationToken, command.RegistrationId, $"{Consumer}-id") == 1;
        if (isFirst)
            await store.RegisterAsync(transaction, command.Definition, format, context.ReceiveContext.Publisher(), context.CancellationToken);
    });
}

/// <summary>Deletes declared actions.</summary>
public sealed class DeleteActionConsumer(SingleMessage single, DeclaredActionStore store) : IConsumer<DeleteAction>
{
    public Task Consume(ConsumeContext<DeleteAction> context) => single.HandleAsync(context, "delete-action", transaction =>
        store.DeleteAsync(transaction, ActionKey.Of(context.Message.Application, context.Message.Action), context.ReceiveContext.Publisher(), context.CancellationToken));
}

public sealed class RegisterActionConsumerDefinition() : DeploymentCommandDefinition<RegisterActionConsumer>("orchestrator-register-action");

public sealed class DeleteActionConsumerDefinition() : DeploymentCommandDefinition<DeleteActionConsumer>("orchestrator-delete-action");
