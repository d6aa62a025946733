namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>A hook, or the execute function: takes what the one before returned, returns what the next one takes.</summary>
/// <param name="context">The deployment, its data, and the token that is cancelled when it is stopped.</param>
/// <param name="value">Never null but for hooks that follow one that returned nothing.</param>
public delegate Task<object?> JobFunction(JobContext context, object? value);

/// <summary>Handles what a function threw: returns a value to go on with, or throws.</summary>
/// <param name="context">As for the function.</param>
/// <param name="value">What the function was given.</param>
/// <param name="error">What it threw.</param>
public delegate Task<object?> JobErrorHandler(JobContext context, object? value, Exception error);

/// <summary>
/// Undoes a job. It may run though the job never began, and more than once: look at what is really there first.
/// </summary>
/// <param name="context">The job's data is what it stored with <see cref="JobContext.SetAsync{T}"/>.</param>
/// <param name="failure">Why the deployment rolls back.</param>
public delegate Task JobRollback(JobContext context, JobFailure failure);

/// <summary>Why a deployment rolls back. It is stored, so that it is the same after a restart.</summary>
/// <param name="Job">The job that failed.</param>
/// <param name="Message">The error's text.</param>
/// <param name="Type">Name of the exception's type without its namespace, such as <c>TimeoutException</c>.</param>
public sealed record JobFailure(string Job, string Message, string Type)
{
    /// <summary>True when a user stopped the deployment.</summary>
    public bool IsStop => Type is nameof(ExecutionStoppedException);
}

/// <summary>Makes functions of jobs.</summary>
public static class JobFunctions
{
    /// <summary>
    /// A function whose input and output have types. With <see cref="Nil"/> for its input it looks at none, with
    /// <see cref="Nil"/> for its output it passes on what it was given.
    /// </summary>
    public static JobFunction Of<TInput, TOutput>(Func<JobContext, TInput, Task<TOutput>> function) =>
        async (context, value) =>
        {
            object? output = await function(context, Input<TInput>(value));
            return output is Nil ? value : output;
        };

    /// <summary>A hook that looks and passes on what it was given.</summary>
    public static JobFunction Check<TInput>(Func<JobContext, TInput, Task> function) =>
        async (context, value) =>
        {
            await function(context, Input<TInput>(value));
            return value;
        };

    /// <summary>
    /// Wraps a function with a handler of its errors. An error that the handler recovers from is one error row of the
    /// deployment; one that it throws itself is a second row, unless it has the same text.
    /// </summary>
    public static JobFunction WrapErrorHandler(this JobFunction function, JobErrorHandler handler) =>
        async (context, value) =>
        {
            try
            {
                return await function(context, value);
            }
            catch (Exception error) when (!context.IsCancelled(error))
            {
                try
                {
                    var recovered = await handler(context, value, error);
                    context.LogError(error);
                    return recovered;
                }
                catch (Exception second) when (!context.IsCancelled(second))
                {
                    if (!string.Equals(second.Message, error.Message, StringComparison.Ordinal))
                        context.LogError(error);
                    throw;
                }
            }
        };

    internal static TInput Input<TInput>(object? value) => typeof(TInput) == typeof(Nil) ? (TInput)(object)Nil.Value : (TInput)value!;

    /// <summary>The handler that notes the error and goes on with what the function was given.</summary>
    public static Task<object?> IgnoreError(JobContext context, object? value, Exception error) => Task.FromResult(value);
}
