using System.Collections.Concurrent;

namespace Orchestrator.Workers.Clones;

/// <summary>Work that goes on when nobody waits for it any more, and that a second request for the same joins.</summary>
internal sealed class InFlight<T>
{
    private readonly ConcurrentDictionary<string, Lazy<Task<T>>> _running = new(StringComparer.Ordinal);

    /// <summary>Joins the work of that key, or begins it. The token ends the waiting only.</summary>
    public Task<T> JoinAsync(string key, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        Lazy<Task<T>>? own = null;
        own = new Lazy<Task<T>>(() => Task.Run(async () =>
        {
            try
            {
                return await work();
            }
            finally
            {
                _running.TryRemove(KeyValuePair.Create(key, own!));
            }
        }));
        return _running.GetOrAdd(key, own).Value.WaitAsync(cancellationToken);
    }

    /// <summary>Waits until the work of that key is over, whatever comes of it.</summary>
    public async Task DrainAsync(string key)
    {
        if (_running.TryGetValue(key, out var work))
            await ((Task)work.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <summary>Waits until nothing runs.</summary>
    public async Task DrainAsync()
    {
        foreach (var work in _running.Values)
            await ((Task)work.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
