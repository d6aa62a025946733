using System.Text.Json.Serialization;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// What it takes to carry a deployment on without being able to run its jobs: stored by hash, so that any process can.
/// </summary>
public sealed record JobList
{
    public static readonly JobList Empty = new() { Hash = "", Application = "", Action = "", InputType = DataTypes.NilAlias, Jobs = [] };

    public required string Hash { get; init; }

    /// <summary>Of the definition: empty for a generic action, whatever application runs it.</summary>
    public required string Application { get; init; }
    public required string Action { get; init; }

    /// <summary>Alias of what the action takes.</summary>
    public required string InputType { get; init; }
    public required IReadOnlyList<ListedJob> Jobs { get; init; }
    public bool StopsAtRollbackFailure { get; init; }
    public string Source { get; init; } = ActionDefinition.CodeSource;
    public int? Version { get; init; }
    public string? Description { get; init; }
    public string? InputSchema { get; init; }

    /// <summary>True when it is not from code.</summary>
    [JsonIgnore]
    public bool IsDeclared => Source is ActionDefinition.DeclaredSource;

    public static JobList Of(ActionDefinition action) => new()
    {
        Hash = action.Hash,
        Application = action.Key.Application,
        Action = action.Key.Name,
        InputType = DataTypes.AliasOf(action.InputType),
        Jobs = [.. action.Jobs.Select(job => new ListedJob(
            job.Name, job.Rollback is not null, DataTypes.AliasOf(job.InputType!), DataTypes.AliasOf(job.OutputType!)))],
        StopsAtRollbackFailure = action.RollbackFailure is RollbackFailurePolicy.Stop,
        Source = action.Source,
        Version = action.Version,
        Description = action.Description,
        InputSchema = action.InputSchema,
    };

    /// <summary>Where a job stands; -1 when there is none of that name.</summary>
    public int IndexOf(string job)
    {
        for (var i = 0; i < Jobs.Count; i++)
        {
            if (string.Equals(Jobs[i].Name, job, StringComparison.Ordinal))
                return i;
        }

        return -1;
    }

    /// <summary>Jobs whose handlers undo everything up to a job, itself included, in the order in which they run.</summary>
    public List<string> RollbacksFrom(string job) =>
        [.. Jobs.Take(IndexOf(job) + 1).Reverse().Where(listed => listed.HasRollback).Select(listed => listed.Name)];
}

/// <summary>A job as it is listed.</summary>
public sealed record ListedJob(string Name, bool HasRollback, string InputType, string OutputType);
