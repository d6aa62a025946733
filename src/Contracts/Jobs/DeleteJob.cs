namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Command: forget a stale job. It leaves a tombstone, so that a late or replayed event of the same job does not
/// bring it back. Deleting a job that is not there leaves the tombstone all the same. Answered by
/// <see cref="JobDeleted"/> when there was a job.
/// </summary>
[MessageName("orchestrator.jobs.delete-job")]
public sealed record DeleteJob
{
    /// <inheritdoc cref="EnqueueJob.Platform"/>
    public required string Platform { get; init; }

    /// <inheritdoc cref="EnqueueJob.Id"/>
    public required string Id { get; init; }
}
