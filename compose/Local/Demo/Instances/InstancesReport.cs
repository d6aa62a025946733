using System.Globalization;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Instances;

/// <summary>What came of the jobs and of the instances.</summary>
internal sealed record InstancesReport
{
    /// <summary>Jobs that are completed, by the one runner that took them.</summary>
    public required int ServedOnce { get; init; }

    public required int Jobs { get; init; }

    /// <summary>Instances that were stopped before the job that they had taken was completed.</summary>
    public required int StoppedBusy { get; init; }

    /// <summary>Instances that failed.</summary>
    public required int Failed { get; init; }

    public required int Instances { get; init; }
    public required int Peak { get; init; }
    public required CapacitySample End { get; init; }

    public static async Task<InstancesReport> CreateAsync(
        InstancesClient client, long app, long earlier, IReadOnlyList<long> ids, JobCounter counter, int peak, CapacitySample end, CancellationToken cancellationToken)
    {
        var instances = (await client.AllAsync(app, earlier, cancellationToken)).ToDictionary(instance => instance.Guid.ToString(), StringComparer.Ordinal);
        var taken = counter.Taken;
        var runnerOf = taken.SelectMany(pair => pair.Value.Select(job => (Job: job, Runner: pair.Key))).ToLookup(pair => pair.Job, pair => pair.Runner);
        var served = 0;
        var stoppedBusy = 0;
        foreach (var id in ids)
        {
            var job = await client.JobAsync(id, cancellationToken);
            var named = job?["raw"]?["completed"]?["workflow_job"]?["runner_name"]?.GetValue<string>();
            var isServed = job?["completed_at"] is not null && runnerOf[id].Count() == 1 && runnerOf[id].Single() == named
                && taken[named].Count == 1 && instances.ContainsKey(named);
            served += isServed ? 1 : 0;
            if (job?["completed_at"] is null && runnerOf[id].Any(runner => instances.TryGetValue(runner, out var instance) && instance.Status is not "running"))
                stoppedBusy++;
        }

        return new InstancesReport
        {
            ServedOnce = served,
            Jobs = ids.Count,
            StoppedBusy = stoppedBusy,
            Failed = instances.Values.Count(instance => instance.Status is "failed"),
            Instances = instances.Count,
            Peak = peak,
            End = end,
        };
    }

    public IReadOnlyList<string> Faults(int minimum, int maximum)
    {
        var faults = new List<string>();
        if (ServedOnce != Jobs)
            faults.Add($"{Jobs - ServedOnce} of {Jobs} jobs were not served once.");
        if (StoppedBusy > 0)
            faults.Add($"{StoppedBusy} busy instances were stopped.");
        if (Failed > 0)
            faults.Add($"{Failed} instances failed.");
        if (Peak != maximum)
            faults.Add($"There were {Peak} instances at most, not {maximum}.");
        if (End.Pressure != minimum || End.Instances != minimum)
            faults.Add($"In the end the pressure was {End.Pressure} and there were {End.Instances} instances, not {minimum}.");
        return faults;
    }

    public void Print(RunConsole console, TimeSpan took, int minimum, int maximum)
    {
        console.Blank();
        console.Pair("Jobs", $"{ServedOnce} of {Jobs} served, each once");
        console.Pair("Instances", $"{Instances} made, at most {Peak} at once, {StoppedBusy} stopped while busy");
        console.Pair("Pressure", $"back at its minimum, {End.Pressure}, with {End.Instances} instances");
        var faults = Faults(minimum, maximum);
        foreach (var fault in faults)
            console.Failure(fault);
        if (faults.Count == 0)
            console.Success(string.Create(CultureInfo.InvariantCulture, $"Every job served once, no busy instance stopped, peak = clamp, in {took.TotalSeconds:0.0} s"));
    }
}
