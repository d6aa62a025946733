namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>How often and how long a job is tried.</summary>
public sealed record JobPolicy
{
    public static readonly JobPolicy Default = new();

    /// <summary>Attempts in all, 1 to 1,000. Default: 1. An attempt that a dead worker left does not count.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>Attempts of the rollback handler in all, 1 to 1,000. Default: 1.</summary>
    public int RollbackAttempts { get; init; } = 1;

    /// <summary>Pause before the second attempt; it doubles with every further one. Default: 1 second.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause. Default: 1 minute.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How much of a pause is drawn by lot, 0 to 1. Default: 0.2, so a pause of 1 second lasts 0.8 to 1.2.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>Exceptions, derived ones included, after which no further attempt is made. Default: none.</summary>
    public IReadOnlyList<Type> NonRetryable { get; init; } = [];

    /// <summary>How long one attempt may take. Default: as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long an attempt may give no sign of life with <see cref="JobContext.Heartbeat"/>. Default: for ever.</summary>
    public TimeSpan? HeartbeatTimeout { get; init; }

    /// <summary>True when another attempt may help.</summary>
    public bool IsRetryable(Exception error) =>
        error is not (ActionException and not (AttemptTimedOutException or HeartbeatMissedException))
        && !NonRetryable.Any(type => type.IsInstanceOfType(error));

    /// <summary>The pause after an attempt.</summary>
    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="lot">From 0 to 1, drawn by lot.</param>
    public TimeSpan PauseAfter(int attempt, double lot)
    {
        var pause = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 60)), LongestPause.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Min(pause * (1 + (Jitter * ((2 * lot) - 1))), LongestPause.TotalMilliseconds));
    }

    /// <exception cref="InvalidJobException">A value is out of its range.</exception>
    internal void Demand(string job)
    {
        if (Attempts is < 1 or > 1000 || RollbackAttempts is < 1 or > 1000)
            throw new InvalidJobException(job, "its attempts must be 1 to 1000.");
        if (FirstPause < TimeSpan.Zero || LongestPause < FirstPause || LongestPause > TimeSpan.FromDays(1))
            throw new InvalidJobException(job, "its pauses must be 0 to 1 day, the longest no shorter than the first.");
        if (Jitter is < 0 or > 1)
            throw new InvalidJobException(job, "its jitter must be 0 to 1.");
        if (Timeout <= TimeSpan.Zero || HeartbeatTimeout <= TimeSpan.Zero)
            throw new InvalidJobException(job, "its timeouts must be longer than 0.");
        if (NonRetryable.Any(type => !typeof(Exception).IsAssignableFrom(type)))
            throw new InvalidJobException(job, "its non-retryable types must be exceptions.");
    }
}
