using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Http;

/// <summary>
/// Follows the timelines of resources for all clients at once: one reader per process, one query per look, and only
/// while somebody follows. What a slow client has not taken yet is not read further: it loses nothing and costs nothing.
/// </summary>
public sealed class TimelineFeed(Timelines timelines, IOptions<StreamOptions> options, ILogger<TimelineFeed> logger) : IAsyncDisposable
{
    private const int EventsAtOnce = 100;

    private readonly ConcurrentDictionary<Subscription, bool> _subscriptions = new();
    private readonly Lock _starting = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _polling = Task.CompletedTask;
    private bool _isPolling;

    /// <summary>Begins to follow one resource; dispose the subscription to end it.</summary>
    public Subscription Follow(TimelinePosition from)
    {
        var subscription = new Subscription(this, from);
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
        using var timer = new PeriodicTimer(options.Value.PollInterval);
        try
        {
            while (!StopsWithoutFollowers())
            {
                await ReadAsync();
                await timer.WaitForNextTickAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    private async Task ReadAsync()
    {
        var waiting = _subscriptions.Keys.Where(subscription => subscription.IsWaiting).ToList();
        if (waiting.Count == 0)
            return;
        try
        {
            var events = await timelines.ReadAsync([.. waiting.Select(subscription => subscription.Position)], EventsAtOnce, _stopping.Token);
            for (var i = 0; i < waiting.Count; i++)
                waiting[i].Offer(events[i]);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogWarning("Timelines cannot be read for their followers: {Reason}", exception.GetBaseException().Message);
        }
    }

    private bool StopsWithoutFollowers()
    {
        lock (_starting)
            return !(_isPolling = !_subscriptions.IsEmpty);
    }

    /// <summary>One client and one resource.</summary>
    public sealed class Subscription(TimelineFeed feed, TimelinePosition from) : IDisposable
    {
        private readonly Channel<IReadOnlyList<ResourceEvent>> _events = Channel.CreateBounded<IReadOnlyList<ResourceEvent>>(1);

        internal TimelinePosition Position { get; private set; } = from;

        internal bool IsWaiting => _events.Reader.Count == 0;

        /// <summary>The next events, one or more, the oldest first.</summary>
        public ValueTask<IReadOnlyList<ResourceEvent>> NextAsync(CancellationToken cancellationToken) => _events.Reader.ReadAsync(cancellationToken);

        public void Dispose() => feed._subscriptions.TryRemove(this, out _);

        internal void Offer(IReadOnlyList<ResourceEvent> events)
        {
            if (events.Count > 0 && _events.Writer.TryWrite(events))
                Position = Position with { After = events[^1].Id };
        }
    }
}
