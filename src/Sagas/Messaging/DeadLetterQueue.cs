namespace Orchestrator.Sagas.Messaging;

/// <summary>The broker's own way out for a message that keeps ending the process that handles it.</summary>
public static class DeadLetterQueue
{
    public const string Name = "orchestrator.dead-letter";

    /// <summary>A message is given up after so many returns to its queue without an acknowledgement.</summary>
    public const int DeliveryLimit = 50;
}
