using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>Follows the pressure of everything. A client that is slow finds the newest state when it asks, and keeps nobody waiting.</summary>
public sealed class PressureFeed(PressureReader pressure, IOptions<StreamOptions> options, ILogger<PressureFeed> logger)
    : Feed<PressureFeed.Subscription>(options)
{
    private Snapshot? _last;

    /// <summary>Begins to follow; dispose the subscription to end it.</summary>
    public Subscription Follow() => Add(new Subscription(this));

    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = new Snapshot(await pressure.ReadAllAsync(cancellationToken));
            if (_last is null || !_last.IsSameAs(snapshot))
                _last = snapshot;
            foreach (var subscription in Followers)
                subscription.Offer(_last);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogWarning("The pressure cannot be read for its followers: {Reason}", exception.GetBaseException().Message);
        }
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

        public void Dispose() => feed.Remove(this);

        internal void Offer(Snapshot snapshot)
        {
            if (ReferenceEquals(snapshot, _offered))
                return;
            _offered = snapshot;
            _newest.Writer.TryWrite(snapshot);
        }
    }
}
