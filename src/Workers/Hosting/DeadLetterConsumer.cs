using System.Collections;
using System.Text;
using MassTransit;
using MassTransit.Configuration;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.DeadLetters;

namespace Orchestrator.Workers.Hosting;

/// <summary>
/// Takes what the broker itself gave up, a message over which a process died again and again, to the other dead
/// letters.
/// </summary>
public sealed class DeadLetterConsumer(NpgsqlDataSource source) : IConsumer<OpaqueDelivery>
{
    public Task Consume(ConsumeContext<OpaqueDelivery> context)
    {
        var (queue, reason) = Death(context.ReceiveContext);
        var letter = DeadLetter.Of(context.ReceiveContext, queue, reason, errorType: null);
        return DeadLetterTable.InsertAsync(source, letter, context.CancellationToken);
    }

    private static (string Queue, string Reason) Death(ReceiveContext context)
    {
        if (context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery)
            && delivery.Properties.Headers?.TryGetValue("x-death", out var deaths) is true
            && deaths is IList { Count: > 0 } list && list[0] is IDictionary<string, object?> death
            && DeadLetterQueue.IsWorkQueue(Text(death, "queue")))
        {
            return (Text(death, "queue"), $"DELIVERY_LIMIT: the broker gave the message up ({Text(death, "reason")}): "
                + $"it went back to its queue more than {DeadLetterQueue.DeliveryLimit} times without being handled.");
        }

        return (DeadLetterQueue.Name, "UNKNOWN_ORIGIN: somebody published straight to the dead letters.");
    }

    private static string Text(IDictionary<string, object?> table, string key) =>
        table.TryGetValue(key, out var value) ? value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value?.ToString() ?? "" : "";
}

/// <summary>A queue of its own kind: it must not give up messages to itself.</summary>
public sealed class DeadLetterConsumerDefinition : ConsumerDefinition<DeadLetterConsumer>
{
    public DeadLetterConsumerDefinition()
    {
        EndpointName = DeadLetterQueue.Name;
        Endpoint(e => e.ConfigureConsumeTopology = false);
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<DeadLetterConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.ConfigureConsumeTopology = false;
        endpointConfigurator.ClearSerialization();
        endpointConfigurator.AddSerializer(new SystemTextJsonMessageSerializerFactory());
        endpointConfigurator.AddDeserializer(new OpaqueDeserializer(), isDefault: true);
    }
}
