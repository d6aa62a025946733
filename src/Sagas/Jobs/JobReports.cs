using System.Diagnostics;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Tells the outside what a write did: one event per job and transition, one for the pressure of a platform.</summary>
public static class JobReports
{
    // In the order of a job's life.
    private static readonly string[] States = ["unassigned", "assigned", "running", "completed"];

    /// <summary>Key of a job's timeline.</summary>
    public static string Key(string platform, string id) => $"{platform}/{id}";

    /// <summary>Adds the events and the timeline of one job to the transaction.</summary>
    public static void Report(this DurableTransaction transaction, JobOutcome job, string actor, ActivityContext cause)
    {
        var traceId = cause == default ? null : cause.TraceId.ToHexString();
        var done = job.Transitions;
        var state = StateBefore(job);
        if (job.Source is JobEventKind.Queued or JobEventKind.Started)
        {
            if (done.HasFlag(JobTransitions.Assigned))
            {
                transaction.Publish(new JobAssigned { Platform = job.Platform, Id = job.Id, Flavor = job.Flavor! }, cause);
                Record("assigned", "assigned", job.Flavor);
            }
            else if (job.Flavor is null && (done & (JobTransitions.Inserted | JobTransitions.Described)) != JobTransitions.None)
            {
                transaction.Publish(new JobUnmatched { Platform = job.Platform, Id = job.Id, Labels = job.Labels }, cause);
                Record("unmatched", "unassigned", "no enabled flavor offers all labels");
            }
        }

        if (done.HasFlag(JobTransitions.Started) && job.StartedAt is { } startedAt)
        {
            transaction.Publish(new JobStarted { Platform = job.Platform, Id = job.Id, StartedAt = startedAt }, cause);
            Record("started", "running", null);
        }

        if (done.HasFlag(JobTransitions.Completed) && job.CompletedAt is { } completedAt)
        {
            transaction.Publish(
                new JobCompleted { Platform = job.Platform, Id = job.Id, CompletedAt = completedAt, Flavor = job.Flavor }, cause);
            Record("completed", "completed", null);
        }

        // What is told late does not bring a job back: the state stays the furthest.
        void Record(string what, string to, string? reason)
        {
            var next = Array.IndexOf(States, to) > Array.IndexOf(States, state) ? to : state;
            transaction.Record(new ResourceEvent
            {
                Kind = "job",
                Key = Key(job.Platform, job.Id),
                What = what,
                FromState = state,
                ToState = next,
                Reason = reason,
                Actor = actor,
                TraceId = traceId,
            });
            state = next;
        }
    }

    private static string? StateBefore(JobOutcome job)
    {
        var done = job.Transitions;
        if (done.HasFlag(JobTransitions.Inserted))
            return null;
        if (job.CompletedAt is not null && !done.HasFlag(JobTransitions.Completed))
            return "completed";
        if (job.StartedAt is not null && !done.HasFlag(JobTransitions.Started))
            return "running";
        return job.Flavor is not null && !done.HasFlag(JobTransitions.Assigned) ? "assigned" : "unassigned";
    }

    /// <summary>Adds one <see cref="PressureChanged"/> per platform whose demand the jobs changed.</summary>
    public static void ReportPressure(
        this DurableTransaction transaction, IEnumerable<JobOutcome> jobs, ActivityContext parent, IReadOnlyList<ActivityLink>? links)
    {
        var platforms = jobs
            .Where(job => job.Flavor is not null
                && (job.Transitions & (JobTransitions.Assigned | JobTransitions.Completed)) != JobTransitions.None)
            .GroupBy(job => job.Platform, job => job.Flavor!, StringComparer.Ordinal);
        foreach (var platform in platforms)
        {
            var flavors = platform.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            transaction.Publish(new PressureChanged { Platform = platform.Key, Flavors = flavors }, parent, links);
        }
    }
}
