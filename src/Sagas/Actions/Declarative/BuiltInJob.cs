using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>
/// A job that declared actions use by its name. Derive from <see cref="BuiltInJob{TParameters, TOutput}"/> and register it
/// with <see cref="DeclarativeRegistration.AddBuiltInJob{TJob}"/>; nothing else is needed.
/// </summary>
public interface IBuiltInJob
{
    /// <summary>As in <c>uses: http-request</c>.</summary>
    string Name { get; }

    /// <summary>What it does, for people: a sentence or two.</summary>
    string Description { get; }

    /// <summary>JSON Schema of what stands under <c>with</c>.</summary>
    JsonObject Schema { get; }

    /// <summary>
    /// Parameters that are of use only when the job is undone. References in them may point to the job's own output.
    /// </summary>
    IReadOnlyList<string> RollbackParameters { get; }

    /// <summary>JSON Schema of what the job returns with these parameters, which references are checked against.</summary>
    JsonObject OutputOf(JsonObject with);

    /// <summary>True when the job can be undone with these parameters.</summary>
    bool RollsBack(JsonObject with);

    /// <summary>How often and how long it is tried unless the definition says otherwise.</summary>
    JobPolicy PolicyOf(JsonObject with);

    /// <summary>What the schema cannot say about parameters; texts with references may stand for anything.</summary>
    IEnumerable<SchemaProblem> Check(JsonObject with);

    /// <summary>Does it.</summary>
    /// <param name="with">The parameters without <see cref="RollbackParameters"/>.</param>
    /// <param name="rollsBack">True when it can be undone, so that whatever that takes has to be stored.</param>
    /// <param name="context">Stores data.</param>
    Task<JsonObject> ExecuteAsync(JsonObject with, bool rollsBack, JobContext context);

    /// <summary>Undoes it.</summary>
    /// <param name="with">The parameters.</param>
    /// <param name="isComplete">False when <see cref="RollbackParameters"/> are left out, since the job has no output to fill them with.</param>
    /// <param name="failure">Why.</param>
    /// <param name="context">The job's data is what it stored.</param>
    Task RollbackAsync(JsonObject with, bool isComplete, JobFailure failure, JobContext context);
}

/// <inheritdoc cref="IBuiltInJob"/>
/// <typeparam name="TParameters">
/// A record; its members' types, <c>required</c>, nullability and attributes (Description, Range, Length, AllowedValues,
/// RegularExpression) become the schema.
/// </typeparam>
/// <typeparam name="TOutput">A record; what it holds is stored, so it is small.</typeparam>
public abstract class BuiltInJob<TParameters, TOutput> : IBuiltInJob
    where TParameters : class
    where TOutput : class
{
    private readonly Lazy<JsonObject> _schema = new(() => ParameterSchema.Of(typeof(TParameters)));
    private readonly Lazy<JsonObject> _output = new(() => ParameterSchema.Of(typeof(TOutput)));

    public abstract string Name { get; }

    public abstract string Description { get; }

    public JsonObject Schema => _schema.Value;

    public virtual IReadOnlyList<string> RollbackParameters => [];

    public virtual JsonObject OutputOf(JsonObject with) => _output.Value;

    public virtual bool RollsBack(JsonObject with) => false;

    public virtual JobPolicy PolicyOf(JsonObject with) => new() { NonRetryable = [typeof(PermanentJobException)] };

    public virtual IEnumerable<SchemaProblem> Check(JsonObject with) => [];

    async Task<JsonObject> IBuiltInJob.ExecuteAsync(JsonObject with, bool rollsBack, JobContext context)
    {
        var output = await ExecuteAsync(Read(with), rollsBack, context);
        return JsonSerializer.SerializeToNode(output, ParameterSchema.Json)!.AsObject();
    }

    Task IBuiltInJob.RollbackAsync(JsonObject with, bool isComplete, JobFailure failure, JobContext context) =>
        RollbackAsync(Read(with), isComplete, failure, context);

    /// <inheritdoc cref="IBuiltInJob.ExecuteAsync"/>
    /// <exception cref="PermanentJobException">It failed, and another attempt would not help.</exception>
    protected abstract Task<TOutput> ExecuteAsync(TParameters with, bool rollsBack, JobContext context);

    /// <inheritdoc cref="IBuiltInJob.RollbackAsync"/>
    protected virtual Task RollbackAsync(TParameters with, bool isComplete, JobFailure failure, JobContext context) => Task.CompletedTask;

    private static TParameters Read(JsonObject with)
    {
        try
        {
            return with.Deserialize<TParameters>(ParameterSchema.Json)!;
        }
        catch (JsonException exception)
        {
            throw new InvalidParametersException(exception.Message);
        }
    }
}
