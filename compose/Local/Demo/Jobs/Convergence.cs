using System.Text.Json.Nodes;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>What a job is, and how it differs from what it must be.</summary>
internal sealed record JobState(ExpectedJob Expected, JsonNode? Actual)
{
    public IReadOnlyList<string> Differences { get; } = JobComparison.Differences(Expected, Actual);

    public string? Flavor => Actual?["assigned_flavor"]?.ToString();
}

/// <summary>Waits until every job is as expected, then reads all of them once more.</summary>
internal sealed class Convergence(JobsClient api, TimeProvider time)
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>The state of every job: all as expected, or what they were at the deadline.</summary>
    public async Task<IReadOnlyList<JobState>> WaitAsync(IReadOnlyList<ExpectedJob> jobs, Action<int> progress, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var open = jobs;
        while (true)
        {
            var states = await ReadAsync(open, cancellationToken);
            open = [.. states.Where(state => state.Differences.Count > 0).Select(state => state.Expected)];
            progress(jobs.Count - open.Count);
            if (open.Count == 0 || time.GetElapsedTime(start) > Deadline)
                return await ReadAsync(jobs, cancellationToken);
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<JobState>> ReadAsync(IReadOnlyList<ExpectedJob> jobs, CancellationToken cancellationToken)
    {
        var states = new JobState[jobs.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, jobs.Count, parallel, async (index, token) =>
            states[index] = new JobState(jobs[index], await api.JobAsync(jobs[index].Id, token)));
        return states;
    }
}
