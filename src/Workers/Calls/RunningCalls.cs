using System.Collections.Concurrent;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Workers.Calls;

/// <summary>The calls that this worker executes, so that they can be cancelled.</summary>
public sealed class RunningCalls
{
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _calls = new(StringComparer.Ordinal);

    public RunningCalls(CallSignals signals) => signals.WhenCancelled(Cancel);

    public int Count => _calls.Count;

    public IReadOnlyCollection<string> Ids => [.. _calls.Keys];

    public void Add(string id, CancellationTokenSource cancellation) => _calls[id] = cancellation;

    public void Remove(string id) => _calls.TryRemove(id, out _);

    /// <summary>Kills a call if it runs here.</summary>
    public void Cancel(string id)
    {
        if (_calls.TryGetValue(id, out var cancellation))
            _ = CancelAsync(cancellation);
    }

    /// <summary>Kills all.</summary>
    public Task CancelAllAsync() => Task.WhenAll(_calls.Values.Select(CancelAsync));

    private static async Task CancelAsync(CancellationTokenSource cancellation)
    {
        try
        {
            await cancellation.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile.
        }
    }
}
