using System.Reflection;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// One step of an action. Base jobs may lack a name or types; an action checks that every one of its jobs has them.
/// </summary>
public sealed record JobDefinition
{
    /// <summary>Unique within the action; 1 to 100 characters.</summary>
    public string Name { get; init; } = "";

    /// <summary>Run before <see cref="Execute"/>, in order, each fed by the one before.</summary>
    public IReadOnlyList<JobFunction> PreHooks { get; init; } = [];

    public JobFunction? Execute { get; init; }

    /// <summary>Run after <see cref="Execute"/>, in order, each fed by the one before.</summary>
    public IReadOnlyList<JobFunction> PostHooks { get; init; } = [];

    /// <summary>Null: the job is skipped when the deployment rolls back.</summary>
    public JobRollback? Rollback { get; init; }

    public Type? InputType { get; init; }

    public Type? OutputType { get; init; }

    /// <summary>Default: one attempt, no timeout.</summary>
    public JobPolicy? Policy { get; init; }

    public JobPolicy EffectivePolicy => Policy ?? JobPolicy.Default;

    /// <summary>A job made of functions.</summary>
    public static JobDefinition Of<TInput, TOutput>(
        string name, Func<JobContext, TInput, Task<TOutput>> execute, JobRollback? rollback = null) => new()
        {
            Name = name,
            Execute = JobFunctions.Of(execute),
            Rollback = rollback,
            InputType = typeof(TInput),
            OutputType = typeof(TOutput),
        };

    /// <summary>A job made of a class; it is named <paramref name="name"/>.</summary>
    public static JobDefinition Of<TJob>(string name)
        where TJob : class, IActionJob
    {
        var types = TypesOf(typeof(TJob));
        return new JobDefinition
        {
            Name = name,
            PreHooks = [static async (context, value) => await RunAsync(context.Instance<TJob>().PreHooks, context, value)],
            Execute = static (context, value) => context.Instance<TJob>().ExecuteAsync(value, context),
            PostHooks = [static async (context, value) => await RunAsync(context.Instance<TJob>().PostHooks, context, value)],
            Rollback = typeof(IRollsBack).IsAssignableFrom(typeof(TJob))
                ? static (context, failure) => ((IRollsBack)context.Instance<TJob>()).RollbackAsync(failure, context)
                : null,
            InputType = types[0],
            OutputType = types[1],
        };
    }

    /// <summary>
    /// This job fitted for an application: what <paramref name="extension"/> sets replaces, hooks as a whole; what it
    /// leaves empty stays. This job itself is not changed.
    /// </summary>
    /// <exception cref="ExecuteCannotBeExtendedException">The extension has an execute function.</exception>
    public JobDefinition Extend(JobDefinition extension) => extension.Execute is not null
        ? throw new ExecuteCannotBeExtendedException(Name)
        : this with
        {
            Name = extension.Name.Length > 0 ? extension.Name : Name,
            PreHooks = extension.PreHooks.Count > 0 ? extension.PreHooks : PreHooks,
            PostHooks = extension.PostHooks.Count > 0 ? extension.PostHooks : PostHooks,
            Rollback = extension.Rollback ?? Rollback,
            InputType = extension.InputType ?? InputType,
            OutputType = extension.OutputType ?? OutputType,
            Policy = extension.Policy ?? Policy,
        };

    /// <summary>A copy under another name, so that one action runs the same job twice.</summary>
    public JobDefinition Rename(string name) => this with { Name = name };

    /// <summary>A copy with another policy.</summary>
    public JobDefinition With(JobPolicy policy) => this with { Policy = policy };

    /// <exception cref="InvalidJobException">Something is missing or out of its range.</exception>
    internal void Demand()
    {
        if (Name.Length is 0 or > 100 || Name.Any(char.IsControl))
            throw new InvalidJobException(Name, "it must have a name of 1 to 100 characters.");
        if (Execute is null)
            throw new InvalidJobException(Name, "it must have an execute function.");
        if (InputType is null || OutputType is null)
            throw new InvalidJobException(Name, "it must declare its input and output type; Nil where there is none.");
        EffectivePolicy.Demand(Name);
    }

    private static async Task<object?> RunAsync(IReadOnlyList<JobFunction> hooks, JobContext context, object? value)
    {
        foreach (var hook in hooks)
            value = await hook(context, value);
        return value;
    }

    private static Type[] TypesOf(Type job)
    {
        for (var type = job; type is not null; type = type.GetTypeInfo().BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ActionJob<,>))
                return type.GetGenericArguments();
        }

        throw new InvalidJobException(job.Name, "its class must derive from ActionJob<TInput, TOutput>.");
    }
}
