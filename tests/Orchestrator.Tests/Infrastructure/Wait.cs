using System.Diagnostics;

namespace Orchestrator.Tests.Infrastructure;

/// <summary>Waits for a condition of another process, with a deadline.</summary>
public static class Wait
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <exception cref="TimeoutException">The condition did not come true in time.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? patience = null)
    {
        var clock = Stopwatch.StartNew();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        while (!await condition())
        {
            if (clock.Elapsed > (patience ?? Patience))
                throw new TimeoutException($"After {clock.Elapsed}: not {what}.");
            await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Polls until a value is as wanted, and returns it.</summary>
    public static async Task<T> ForAsync<T>(Func<Task<T>> read, Func<T, bool> isWanted, string what, TimeSpan? patience = null)
    {
        var value = await read();
        if (!isWanted(value))
            await UntilAsync(async () => isWanted(value = await read()), what, patience);
        return value;
    }
}
