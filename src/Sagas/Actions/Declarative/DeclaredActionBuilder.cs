using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Makes of a checked definition an action that workers can run.</summary>
public sealed class DeclaredActionBuilder(BuiltInJobs builtIns)
{
    /// <param name="action">The definition.</param>
    /// <param name="version">From 1. It is part of the hash: content that comes back after another is a version of its own.</param>
    /// <exception cref="ActionException">It does not fit together; a checked definition always does.</exception>
    public ActionDefinition Build(DeclaredAction action, int version)
    {
        var jobs = action.Jobs.Select(job => Job(action, job)).ToList();
        var definition = new ActionDefinition(action.Key.Application, action.Key.Name, jobs).OnRollbackFailure(action.RollbackFailure);
        if (action.Description is not null)
            definition = definition.Describe(action.Description);
        return definition.Declared($"{version}\n{action.Document.ToJsonString()}", version, InputSchema(action)?.ToJsonString());
    }

    /// <summary>JSON Schema of what the action takes; null when it takes any object.</summary>
    public static JsonObject? InputSchema(DeclaredAction action) => action.Input is null
        ? null
        : new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(action.Input.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value.Schema.DeepClone()))),
            ["required"] = new JsonArray([.. action.Input.Where(member => member.Value.IsRequired).Select(member => (JsonNode)member.Key)]),
            ["additionalProperties"] = false,
        };

    private JobDefinition Job(DeclaredAction action, DeclaredJob job)
    {
        var check = builtIns.CheckOf(job.Uses);
        var inputCheck = action.Jobs[0] == job && InputSchema(action) is { } schema ? new SchemaCheck(schema) : null;
        var rollsBack = job.Uses.RollsBack(job.With);
        var keepsOutput = rollsBack && job.Uses.RollbackParameters.Count > 0;
        return new JobDefinition
        {
            Name = job.Name,
            InputType = typeof(JsonObject),
            OutputType = typeof(JsonObject),
            Policy = (job.Policy ?? new DeclaredPolicy()).Apply(job.Uses.PolicyOf(job.With)),
            PreHooks = inputCheck is null ? [] : [JobFunctions.Check<JsonObject>((_, input) => Demand(inputCheck, input, "the input is not allowed"))],
            Execute = async (context, _) =>
            {
                var with = await new ParameterResolver(action, context).ResolveAsync(Without(job.With, job.Uses.RollbackParameters), job.Uses.Schema);
                await Demand(check, with, $"the parameters of '{job.Name}' are not allowed");
                var output = await job.Uses.ExecuteAsync(with, rollsBack, context);
                if (keepsOutput)
                    await context.SetAsync(output, ParameterResolver.OutputKind);
                return output;
            },
            Rollback = rollsBack ? (context, failure) => RollbackAsync(action, job, failure, context) : null,
        };
    }

    private static async Task RollbackAsync(DeclaredAction action, DeclaredJob job, JobFailure failure, JobContext context)
    {
        var resolver = new ParameterResolver(action, context);
        JsonObject with;
        try
        {
            with = await resolver.ResolveAsync(Without(job.With, job.Uses.RollbackParameters), job.Uses.Schema);
        }
        catch (UnresolvedReferenceException)
        {
            return; // For the same reason the job never began.
        }

        var isComplete = true;
        try
        {
            with = await resolver.ResolveAsync(job.With, job.Uses.Schema);
        }
        catch (UnresolvedReferenceException)
        {
            isComplete = false;
        }

        await job.Uses.RollbackAsync(with, isComplete, failure, context);
    }

    private static Task Demand(SchemaCheck check, JsonObject value, string what)
    {
        var problems = check.Problems(value, passReferences: false);
        return problems.Count == 0
            ? Task.CompletedTask
            : throw new PermanentJobException($"{what}: {string.Join(' ', problems.Select(problem => problem.Steps.Count == 0 ? problem.Problem : $"{new ValuePath(problem.Steps)}: {problem.Problem}"))}");
    }

    private static JsonObject Without(JsonObject with, IReadOnlyList<string> names) =>
        new(with.Where(member => !names.Contains(member.Key, StringComparer.Ordinal)).Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
}
