namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>A message that commits with the state that caused it and is published after the commit.</summary>
public sealed record OutboxMessage
{
    /// <summary>Higher than that of every message that this process made before.</summary>
    public Guid Id { get; init; } = OutboxId.Next();

    /// <summary>The AMQP message id; receivers drop repeats of it.</summary>
    public required string MessageId { get; init; }

    /// <summary>Empty: the default exchange, whose routing key is the name of a queue.</summary>
    public required string Exchange { get; init; }
    public string RoutingKey { get; init; } = "";

    /// <summary>True for commands: without a queue behind the exchange the message stays in the outbox.</summary>
    public bool IsMandatory { get; init; }

    /// <summary>Empty: the message travels without one.</summary>
    public required string ContentType { get; init; }

    /// <summary>AMQP headers as a JSON object of strings, numbers and booleans.</summary>
    public string Headers { get; init; } = "{}";

    public required byte[] Body { get; init; }
}
