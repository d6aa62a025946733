using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Orchestrator.Api.Http;

/// <summary>Reads for all clients that follow something at once: one reader per process, and only while somebody follows.</summary>
public abstract class Feed<TSubscription>(IOptions<StreamOptions> options) : IAsyncDisposable
    where TSubscription : notnull
{
    private readonly ConcurrentDictionary<TSubscription, bool> _followers = new();
    private readonly Lock _starting = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _polling = Task.CompletedTask;
    private bool _isPolling;

    protected ICollection<TSubscription> Followers => _followers.Keys;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _polling;
        _stopping.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Looks once, and offers what there is to the followers. Faults are its own to handle.</summary>
    protected abstract Task ReadAsync(CancellationToken cancellationToken);

    protected TSubscription Add(TSubscription subscription)
    {
        lock (_starting)
        {
            _followers.TryAdd(subscription, true);
            if (_isPolling)
                return subscription;
            _isPolling = true;
            // The poll belongs to no request, and so to no trace.
            using var flow = ExecutionContext.SuppressFlow();
            _polling = Task.Run(PollAsync);
        }

        return subscription;
    }

    protected void Remove(TSubscription subscription) => _followers.TryRemove(subscription, out _);

    private async Task PollAsync()
    {
        using var timer = new PeriodicTimer(options.Value.PollInterval);
        try
        {
            while (!StopsWithoutFollowers())
            {
                await ReadAsync(_stopping.Token);
                await timer.WaitForNextTickAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    private bool StopsWithoutFollowers()
    {
        lock (_starting)
            return !(_isPolling = !_followers.IsEmpty);
    }
}
