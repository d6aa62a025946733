using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>A message that is due later: after a time, or at a time, on the database's clock.</summary>
internal sealed record PendingTimer(Guid Token, OutboxMessage Message)
{
    public TimeSpan? Delay { get; init; }

    public DateTimeOffset? DueAt { get; init; }
}
