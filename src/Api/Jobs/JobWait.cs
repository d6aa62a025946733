using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Jobs;

/// <summary>Waits until a job is completed.</summary>
public sealed class JobWait(JobReader jobs, Timelines timelines, TimelineFeed feed, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>
    /// The job as it is when it is completed, or when the time is up or the process stops; null when there is none (any more).
    /// </summary>
    public async Task<Job?> UntilCompletedAsync(string platform, string id, TimeSpan patience, CancellationToken cancellationToken)
    {
        var key = JobReports.Key(platform, id);
        // First the place in the timeline, then the job: what happens in between is seen twice rather than never.
        var from = new TimelinePosition("job", key, await timelines.LastIdAsync("job", key, cancellationToken));
        var job = await jobs.ReadAsync(platform, id, cancellationToken);
        if (job is null or { CompletedAt: not null })
            return job;
        using var deadline = new CancellationTokenSource(patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, lifetime.ApplicationStopping);
        using var subscription = feed.Follow(from);
        try
        {
            while (job is { CompletedAt: null })
            {
                await subscription.NextAsync(ending.Token);
                job = await jobs.ReadAsync(platform, id, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            job = await jobs.ReadAsync(platform, id, cancellationToken);
        }

        return job;
    }
}
