using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>What becomes of a rollback when one of its handlers fails.</summary>
public enum RollbackFailurePolicy
{
    /// <summary>The error is noted and the jobs before are undone all the same.</summary>
    Continue,

    /// <summary>The rollback ends there.</summary>
    Stop,
}

/// <summary>A named sequence of jobs that fit each other. Running it is a deployment.</summary>
public sealed class ActionDefinition
{
    public const string CodeSource = "code";
    public const string DeclaredSource = "declared";

    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);

    /// <summary>Checks everything that can be checked before anything runs.</summary>
    /// <param name="application">Null or empty: the generic action, for applications that have none of that name.</param>
    /// <param name="name">1 to 100 characters.</param>
    /// <param name="jobs">In the order in which they run.</param>
    /// <exception cref="ActionException">Something is wrong with it; the type says what.</exception>
    public ActionDefinition(string? application, string name, params IReadOnlyList<JobDefinition> jobs)
    {
        Key = ActionKey.Of(application, name);
        if (jobs.Count == 0)
            throw new EmptyJobSequenceException();
        foreach (var job in jobs)
            job.Demand();
        for (var i = 0; i < jobs.Count; i++)
        {
            if (!_indices.TryAdd(jobs[i].Name, i))
                throw new JobNamesNotUniqueException(jobs[i].Name);
        }

        Jobs = [.. jobs];
        InputType = DataTypes.Check(jobs);
        Hash = HashOf("");
    }

    private ActionDefinition(ActionDefinition other)
    {
        (Key, Jobs, InputType, Hash, RollbackFailure, _indices) =
            (other.Key, other.Jobs, other.InputType, other.Hash, other.RollbackFailure, other._indices);
        (Description, Source, Version, InputSchema) = (other.Description, other.Source, other.Version, other.InputSchema);
    }

    public ActionKey Key { get; }

    public IReadOnlyList<JobDefinition> Jobs { get; }

    /// <summary>What the first job that looks at its input takes; <see cref="Nil"/> when none does.</summary>
    public Type InputType { get; }

    /// <summary>
    /// Tells lists of jobs apart: it is pinned on a deployment, and only workers that know it take the deployment's jobs.
    /// </summary>
    public string Hash { get; private init; }

    /// <summary>Default: continue.</summary>
    public RollbackFailurePolicy RollbackFailure { get; private init; }

    /// <summary>For people.</summary>
    public string? Description { get; private init; }

    /// <summary><c>code</c>, or <c>declared</c>.</summary>
    public string Source { get; private init; } = CodeSource;

    /// <summary>Of a declared action, from 1.</summary>
    public int? Version { get; private init; }

    /// <summary>JSON Schema of the input, where there is one.</summary>
    public string? InputSchema { get; private init; }

    public ActionDefinition OnRollbackFailure(RollbackFailurePolicy policy) => new(this) { RollbackFailure = policy };

    public ActionDefinition Describe(string description) => new(this) { Description = description };

    /// <summary>This action as one version of a declared one.</summary>
    /// <param name="content">Whatever makes this version another one than the last: it becomes part of <see cref="Hash"/>.</param>
    /// <param name="version">From 1.</param>
    /// <param name="inputSchema"><inheritdoc cref="InputSchema" path="/summary"/></param>
    public ActionDefinition Declared(string content, int version, string? inputSchema = null) =>
        new(this) { Hash = HashOf(content), Source = DeclaredSource, Version = version, InputSchema = inputSchema };

    /// <summary>Where a job stands in the sequence; -1 when the action has none of that name.</summary>
    public int IndexOf(string job) => _indices.TryGetValue(job, out var index) ? index : -1;

    private string HashOf(string content)
    {
        var text = new StringBuilder($"{Key.Application}\n{Key.Name}\n{content}\n");
        foreach (var job in Jobs)
            text.Append($"{job.Name}\n{DataTypes.AliasOf(job.InputType!)}\n{DataTypes.AliasOf(job.OutputType!)}\n{job.Rollback is not null}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }
}
