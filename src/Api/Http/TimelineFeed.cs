using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Http;

/// <summary>
/// Follows the timelines of resources, with one query per look. What a slow client has not taken yet is not read further: it loses
/// nothing and costs nothing.
/// </summary>
public sealed class TimelineFeed(Timelines timelines, IOptions<StreamOptions> options, ILogger<TimelineFeed> logger)
    : Feed<TimelineFeed.Subscription>(options)
{
    private const int EventsAtOnce = 100;

    /// <summary>Begins to follow one resource; dispose the subscription to end it.</summary>
    public Subscription Follow(TimelinePosition from) => Add(new Subscription(this, from));

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        var waiting = Followers.Where(subscription => subscription.IsWaiting).ToList();
        if (waiting.Count == 0)
            return;
        try
        {
            var events = await timelines.ReadAsync([.. waiting.Select(subscription => subscription.Position)], EventsAtOnce, cancellationToken);
            for (var i = 0; i < waiting.Count; i++)
                waiting[i].Offer(events[i]);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogWarning("Timelines cannot be read for their followers: {Reason}", exception.GetBaseException().Message);
        }
    }

    /// <summary>One client and one resource.</summary>
    public sealed class Subscription(TimelineFeed feed, TimelinePosition from) : IDisposable
    {
        private readonly Channel<IReadOnlyList<ResourceEvent>> _events = Channel.CreateBounded<IReadOnlyList<ResourceEvent>>(1);

        internal TimelinePosition Position { get; private set; } = from;

        internal bool IsWaiting => _events.Reader.Count == 0;

        /// <summary>The next events, one or more, the oldest first.</summary>
        public ValueTask<IReadOnlyList<ResourceEvent>> NextAsync(CancellationToken cancellationToken) => _events.Reader.ReadAsync(cancellationToken);

        public void Dispose() => feed.Remove(this);

        internal void Offer(IReadOnlyList<ResourceEvent> events)
        {
            if (events.Count > 0 && _events.Writer.TryWrite(events))
                Position = Position with { After = events[^1].Id };
        }
    }
}
