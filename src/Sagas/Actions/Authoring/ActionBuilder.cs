namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>Puts an action together, job by job.</summary>
/// <param name="name">Of the action.</param>
/// <param name="application">Null: the generic action of that name.</param>
public sealed class ActionBuilder(string name, string? application = null)
{
    private readonly List<JobDefinition> _jobs = [];
    private RollbackFailurePolicy _rollbackFailure;
    private string? _description;

    public ActionBuilder Describe(string description)
    {
        _description = description;
        return this;
    }

    public ActionBuilder Then(JobDefinition job)
    {
        _jobs.Add(job);
        return this;
    }

    /// <summary>A job that is a class.</summary>
    public ActionBuilder Then<TJob>(string jobName, JobPolicy? policy = null)
        where TJob : class, IActionJob =>
        Then(JobDefinition.Of<TJob>(jobName) with { Policy = policy });

    /// <summary>A job that is a class, fitted with what <paramref name="extension"/> sets.</summary>
    public ActionBuilder Then<TJob>(string jobName, JobDefinition extension)
        where TJob : class, IActionJob =>
        Then(JobDefinition.Of<TJob>(jobName).Extend(extension));

    /// <summary>A job that is a function.</summary>
    public ActionBuilder Then<TInput, TOutput>(
        string jobName, Func<JobContext, TInput, Task<TOutput>> execute, JobRollback? rollback = null, JobPolicy? policy = null) =>
        Then(JobDefinition.Of(jobName, execute, rollback) with { Policy = policy });

    /// <summary>What becomes of a rollback when one of its handlers fails. Default: it goes on.</summary>
    public ActionBuilder OnRollbackFailure(RollbackFailurePolicy policy)
    {
        _rollbackFailure = policy;
        return this;
    }

    /// <inheritdoc cref="ActionDefinition(string?, string, IReadOnlyList{JobDefinition})" path="/exception"/>
    public ActionDefinition Build()
    {
        var action = new ActionDefinition(application, name, _jobs).OnRollbackFailure(_rollbackFailure);
        return _description is null ? action : action.Describe(_description);
    }
}
