using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>Section <c>Outbox</c>.</summary>
public sealed class OutboxOptions
{
    /// <summary>
    /// How often the outbox is searched for messages that nobody publishes: those of dead processes, and those that
    /// the broker did not take at once. 50 milliseconds to 1 minute, default 1 second.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After this time the messages of a process that is alive but hangs are taken over by another one.
    /// 5 seconds to 1 hour, default 1 minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Committed messages that one process holds in memory for publishing. What exceeds it waits in the table.
    /// 100 to 1,000,000, default 20,000.
    /// </summary>
    [Range(100, 1_000_000)]
    public int Capacity { get; set; } = 20_000;

    /// <summary>The broker must confirm a message within this time. 1 second to 5 minutes, default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan ConfirmTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Readiness turns red when the oldest message in the outbox is older. 1 second to 1 day, default 30 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan LagBound { get; set; } = TimeSpan.FromSeconds(30);
}
