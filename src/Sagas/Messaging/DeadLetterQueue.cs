namespace Orchestrator.Sagas.Messaging;

/// <summary>The broker's own way out for a message that keeps ending the process that handles it.</summary>
public static class DeadLetterQueue
{
    public const string Name = "orchestrator.dead-letter";

    /// <summary>A message is given up after so many returns to its queue without an acknowledgement.</summary>
    public const int DeliveryLimit = 50;

    /// <summary>
    /// True for a name such as those of our work queues. Whoever may publish may claim that a message died in any queue,
    /// and a replay goes to the queue that is named.
    /// </summary>
    public static bool IsWorkQueue(string queue) =>
        queue.Length <= 100 && queue.StartsWith("orchestrator-", StringComparison.Ordinal)
        && queue.All(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}
