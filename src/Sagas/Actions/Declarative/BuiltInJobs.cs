namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>The jobs that declared actions are made of.</summary>
public sealed class BuiltInJobs
{
    private readonly Dictionary<string, (IBuiltInJob Job, SchemaCheck Check)> _jobs;

    public BuiltInJobs(IEnumerable<IBuiltInJob> jobs) =>
        _jobs = jobs.ToDictionary(job => job.Name, job => (job, new SchemaCheck(job.Schema)), StringComparer.Ordinal);

    /// <summary>By name.</summary>
    public IReadOnlyList<IBuiltInJob> All => [.. _jobs.Values.Select(entry => entry.Job).OrderBy(job => job.Name, StringComparer.Ordinal)];

    /// <summary>Null when there is none of that name.</summary>
    public IBuiltInJob? Find(string name) => _jobs.TryGetValue(name, out var entry) ? entry.Job : null;

    /// <summary>The check of a job's parameters.</summary>
    internal SchemaCheck CheckOf(IBuiltInJob job) => _jobs[job.Name].Check;
}
