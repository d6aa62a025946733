using Orchestrator.Api.Http;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Clones;

/// <summary>Waits until a clone or a snapshot is no longer on its way.</summary>
public sealed class CloneWait(CloneReader reader, Timelines timelines, TimelineFeed feed, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>The clone as it is when it is settled, or when the time is up or the process stops; null when there is none (any more).</summary>
    public Task<CloneView?> UntilSettledAsync(string id, TimeSpan patience, CancellationToken cancellationToken) => UntilAsync(
        "clone", id, () => reader.ReadAsync(id, cancellationToken),
        view => view.State.State is nameof(CloneStateMachine.Ready) or nameof(CloneStateMachine.Fatal), patience, cancellationToken);

    /// <inheritdoc cref="UntilSettledAsync"/>
    public Task<SnapshotView?> UntilSnapshotSettledAsync(string id, TimeSpan patience, CancellationToken cancellationToken) => UntilAsync(
        "snapshot", id, () => reader.ReadSnapshotAsync(id, cancellationToken),
        view => view.Snapshot.State is nameof(SnapshotStateMachine.Ready) or nameof(SnapshotStateMachine.Fatal), patience, cancellationToken);

    private async Task<T?> UntilAsync<T>(
        string kind, string id, Func<Task<T?>> read, Func<T, bool> isSettled, TimeSpan patience, CancellationToken cancellationToken)
        where T : class
    {
        // First the place in the timeline, then the row: what happens in between is seen twice rather than never.
        var from = new TimelinePosition(kind, id, await timelines.LastIdAsync(kind, id, cancellationToken));
        var found = await read();
        if (found is null || isSettled(found))
            return found;
        using var deadline = new CancellationTokenSource(patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, lifetime.ApplicationStopping);
        using var subscription = feed.Follow(from);
        try
        {
            while (found is not null && !isSettled(found))
            {
                await subscription.NextAsync(ending.Token);
                found = await read();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            found = await read();
        }

        return found;
    }
}
