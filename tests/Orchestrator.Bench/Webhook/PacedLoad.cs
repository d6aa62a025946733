using System.Diagnostics;

namespace Orchestrator.Bench.Webhook;

/// <summary>
/// An open loop: request n is due at n / rate whatever became of the ones before, and its latency counts from then on.
/// </summary>
public sealed class PacedLoad(int rate, TimeSpan duration)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    public int Requests => (int)(rate * duration.TotalSeconds);

    /// <summary>Milliseconds of each request.</summary>
    public async Task<IReadOnlyList<double>> RunAsync(Func<int, Task> send, CancellationToken cancellationToken)
    {
        var requests = new List<Task<double>>(Requests);
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Tick);
        while (requests.Count < Requests)
        {
            var due = TimeSpan.FromSeconds(requests.Count / (double)rate);
            if (clock.Elapsed >= due)
                requests.Add(TimedAsync(requests.Count, due));
            else
                await timer.WaitForNextTickAsync(cancellationToken);
        }

        return await Task.WhenAll(requests).WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);

        async Task<double> TimedAsync(int number, TimeSpan due)
        {
            await send(number);
            return (clock.Elapsed - due).TotalMilliseconds;
        }
    }
}
