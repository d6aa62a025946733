namespace Orchestrator.Sagas.Jobs;

/// <summary>What is told about a job, in the order of its life. Stored as <c>job.source</c>: the earliest kind seen.</summary>
public enum JobEventKind : short
{
    Queued = 0,
    Started = 1,

    /// <summary>Started, but without labels: the job is not assigned before they are known.</summary>
    StartedWithoutLabels = 2,

    Completed = 3,
}
