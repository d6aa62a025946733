using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>
/// Reads the pressure of everything for all clients that follow any of it: one reader per process, and only while
/// somebody follows. A client that is slow finds the newest state when it asks, and keeps nobody waiting.
/// </summary>
public sealed class PressureFeed(PressureReader pressure, IOptions<StreamOptions> options, ILogger<PressureFeed> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Subscription, bool> _subscriptions = new();
    private readonly Lock _starting = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _polling = Task.CompletedTask;
    private bool _isPolling;

    /// <summary>Begins to follow; dispose the subscription to end it.</summary>
    public Subscription Follow()
    {
        var subscription = new Subscription(this);
        lock (_starting)
        {
            _subscriptions.TryAdd(subscription, true);
            if (_isPolling)
                return subscription;
            _isPolling = true;
            // The poll belongs to no request, and so to no trace.
            using var flow = ExecutionContext.SuppressFlow();
            _polling = Task.Run(PollAsync);
        }

        return subscription;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _polling;
        _stopping.Dispose();
    }

    private async Task PollAsync()
    {
        Snapshot? last = null;
        using var timer = new PeriodicTimer(options.Value.PollInterval);
        try
        {
            while (!StopsWithoutFollowers())
            {
                last = await ReadAsync(last) ?? last;
                await timer.WaitForNextTickAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    private async Task<Snapshot?> ReadAsync(Snapshot? last)
    {
        try
        {
            var snapshot = new Snapshot(await pressure.ReadAllAsync(_stopping.Token));
            var isNew = last is null || !last.IsSameAs(snapshot);
            foreach (var (subscription, _) in _subscriptions)
                subscription.Offer(isNew ? snapshot : last!);
            return isNew ? snapshot : null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogWarning("The pressure cannot be read for its followers: {Reason}", exception.GetBaseException().Message);
            return null;
        }
    }

    private bool StopsWithoutFollowers()
    {
        lock (_starting)
            return !(_isPolling = !_subscriptions.IsEmpty);
    }

    /// <summary>The pressures of one moment.</summary>
    public sealed class Snapshot(Dictionary<(string Platform, string Flavor), long> pressures)
    {
        public bool IsSameAs(Snapshot other) =>
            pressures.Count == other.Count && pressures.All(one => other.Has(one.Key, one.Value));

        /// <summary>Those of one platform, in alphabetical order; of one flavor only, when it is named.</summary>
        public SortedDictionary<string, long> Of(string platform, string? flavor)
        {
            var found = new SortedDictionary<string, long>(StringComparer.Ordinal);
            if (flavor is not null)
            {
                if (pressures.TryGetValue((platform, flavor), out var value))
                    found[flavor] = value;
                return found;
            }

            foreach (var (key, value) in pressures)
            {
                if (string.Equals(key.Platform, platform, StringComparison.Ordinal))
                    found[key.Flavor] = value;
            }

            return found;
        }

        private int Count => pressures.Count;

        private bool Has((string, string) key, long value) => pressures.TryGetValue(key, out var other) && other == value;
    }

    /// <summary>One client.</summary>
    public sealed class Subscription(PressureFeed feed) : IDisposable
    {
        private readonly Channel<Snapshot> _newest = Channel.CreateBounded<Snapshot>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

        private Snapshot? _offered;

        /// <summary>The newest state that this client has not seen, when there is one.</summary>
        public ValueTask<Snapshot> NextAsync(CancellationToken cancellationToken) => _newest.Reader.ReadAsync(cancellationToken);

        public void Dispose() => feed._subscriptions.TryRemove(this, out _);

        internal void Offer(Snapshot snapshot)
        {
            if (ReferenceEquals(snapshot, _offered))
                return;
            _offered = snapshot;
            _newest.Writer.TryWrite(snapshot);
        }
    }
}
