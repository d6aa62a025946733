namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>The next time at which something is known to be due, and the sleep until then: one sleeper, and any number of those who tell it.</summary>
public sealed class NextDue(TimeProvider time)
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private TaskCompletionSource _isSooner = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A timestamp of the process; never, when nothing is known to be pending.</summary>
    private long _next = long.MaxValue;

    /// <summary>Says that something which is committed comes due after a time; zero: now.</summary>
    public void Expect(TimeSpan delay)
    {
        var now = time.GetTimestamp();
        var ticks = Math.Max(0, delay.TotalSeconds) * time.TimestampFrequency;
        var at = ticks < long.MaxValue - now ? now + (long)ticks : long.MaxValue;
        lock (_lock)
        {
            if (at >= _next)
                return;
            _next = at;
            _isSooner.TrySetResult();
        }
    }

    /// <summary>Forgets what is expected; to be called before looking, so that nothing is missed that comes meanwhile.</summary>
    public void Forget()
    {
        lock (_lock)
            _next = long.MaxValue;
    }

    /// <summary>Sleeps until the time that is expected next has come.</summary>
    public async Task UntilNextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            long next;
            Task isSooner;
            lock (_lock)
            {
                next = _next;
                if (_isSooner.Task.IsCompleted)
                    _isSooner = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                isSooner = _isSooner.Task;
            }

            var now = time.GetTimestamp();
            if (next <= now)
                return;
            var wait = next == long.MaxValue ? LongestSleep : time.GetElapsedTime(now, next);
            // Timers know whole milliseconds, and must not be early.
            wait = TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(wait.TotalMilliseconds), LongestSleep.TotalMilliseconds));
            await isSooner.WaitAsync(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
