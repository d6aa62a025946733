using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

/// <summary>What jobs did, in the order in which they did it.</summary>
public sealed class Journal
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public void Add(string line)
    {
        lock (_lines)
            _lines.Add(line);
    }

    public Task UntilAsync(string line) => Wait.UntilAsync(() => Task.FromResult(Lines.Contains(line, StringComparer.Ordinal)), $"'{line}' in the journal");

    /// <summary>A job that notes its run and its rollback, passes its input on, and does what a test adds.</summary>
    public JobDefinition Job(string name, Func<JobContext, Task>? execute = null, Func<JobContext, JobFailure, Task>? rollback = null) =>
        JobDefinition.Of<Nil, Nil>(
            name,
            async (context, _) =>
            {
                Add($"run {name}");
                if (execute is not null)
                    await execute(context);
                return Nil.Value;
            },
            async (context, failure) =>
            {
                Add($"undo {name}");
                if (rollback is not null)
                    await rollback(context, failure);
            });
}
