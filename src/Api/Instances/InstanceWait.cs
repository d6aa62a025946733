using System.Globalization;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Instances;

/// <summary>Waits until an instance is where it is to be.</summary>
public sealed class InstanceWait(InstanceReader instances, Timelines timelines, TimelineFeed feed, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The instance as it is when the condition holds, or when the time is up or the process stops; null when there is none (any more).
    /// </summary>
    public async Task<InstanceState?> UntilAsync(long id, Func<InstanceState, bool> condition, TimeSpan patience, CancellationToken cancellationToken)
    {
        var key = id.ToString(CultureInfo.InvariantCulture);
        // First the place in the timeline, then the instance: what happens in between is seen twice rather than never.
        var from = new TimelinePosition(InstanceSagas.Kind, key, await timelines.LastIdAsync(InstanceSagas.Kind, key, cancellationToken));
        var instance = await instances.ReadAsync(id, cancellationToken);
        if (instance is null || condition(instance))
            return instance;
        using var deadline = new CancellationTokenSource(patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, lifetime.ApplicationStopping);
        using var subscription = feed.Follow(from);
        try
        {
            // Most steps are over sooner than the feed looks.
            var pause = FirstPause;
            while (instance is not null && !condition(instance))
            {
                if (pause < LongestPause)
                {
                    await Task.Delay(pause, time, ending.Token);
                    pause *= 2;
                }
                else
                {
                    await subscription.NextAsync(ending.Token);
                }

                instance = await instances.ReadAsync(id, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            instance = await instances.ReadAsync(id, cancellationToken);
        }

        return instance;
    }
}
