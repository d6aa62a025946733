namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// A job as a class: its constructor takes services, its methods take data. One instance is made for each attempt.
/// Implement <see cref="IRollsBack"/> to undo it and <see cref="IHandlesErrors{TInput, TOutput}"/> to recover from its
/// errors.
/// </summary>
/// <typeparam name="TInput">What it takes; <see cref="Nil"/>: it looks at no input.</typeparam>
/// <typeparam name="TOutput">What it returns; <see cref="Nil"/>: the value that it was given is passed on.</typeparam>
public abstract class ActionJob<TInput, TOutput> : IActionJob
{
    /// <summary>Run before, in order, each fed by the one before; to check and to prepare. They write nothing.</summary>
    public virtual IReadOnlyList<JobFunction> PreHooks => [];

    /// <summary>Run after, in order, each fed by the one before.</summary>
    public virtual IReadOnlyList<JobFunction> PostHooks => [];

    /// <summary>
    /// The one thing that the job does. It runs again when its worker dies, so it must find out what it did already.
    /// </summary>
    /// <returns>The input of the next job. Null fails the deployment, whatever the declared type.</returns>
    public abstract Task<TOutput?> ExecuteAsync(TInput input, JobContext context);

    async Task<object?> IActionJob.ExecuteAsync(object? value, JobContext context)
    {
        var input = JobFunctions.Input<TInput>(value);
        object? output;
        try
        {
            output = await ExecuteAsync(input, context);
        }
        catch (Exception error) when (this is IHandlesErrors<TInput, TOutput> && !context.IsCancelled(error))
        {
            output = await RecoverAsync((IHandlesErrors<TInput, TOutput>)this, input, error, context);
        }

        return output is Nil ? value : output;
    }

    private static async Task<object?> RecoverAsync(
        IHandlesErrors<TInput, TOutput> handler, TInput input, Exception error, JobContext context) =>
        await JobFunctions.WrapErrorHandler(
            (_, _) => Task.FromException<object?>(error),
            async (_, _, thrown) => await handler.HandleErrorAsync(input, thrown, context))(context, input);
}

/// <summary>What every job class is; derive from <see cref="ActionJob{TInput, TOutput}"/>.</summary>
public interface IActionJob
{
    IReadOnlyList<JobFunction> PreHooks { get; }

    IReadOnlyList<JobFunction> PostHooks { get; }

    internal Task<object?> ExecuteAsync(object? value, JobContext context);
}

/// <summary>A job that can be undone.</summary>
public interface IRollsBack
{
    /// <inheritdoc cref="JobRollback"/>
    Task RollbackAsync(JobFailure failure, JobContext context);
}

/// <summary>A job that recovers from errors of its execute function.</summary>
public interface IHandlesErrors<in TInput, TOutput>
{
    /// <summary>Returns the output to go on with, or throws: the same error to pass it on, or another one.</summary>
    Task<TOutput?> HandleErrorAsync(TInput input, Exception error, JobContext context);
}
