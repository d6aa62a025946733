using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Workers.Hosting;

/// <summary>What a worker may take up.</summary>
[Flags]
public enum WorkerParts
{
    /// <summary>Jobs of GitHub, flavors and pressure.</summary>
    Jobs = 1,

    /// <summary>Actions and their deployments.</summary>
    Actions = 2,

    /// <summary>Calls of functions.</summary>
    Calls = 4,

    /// <summary>Instances; the worker is a node.</summary>
    Instances = 8,

    /// <summary>Clones of Postgres; a worker with a storage hosts them.</summary>
    Clones = 16,

    All = Jobs | Actions | Calls | Instances | Clones,
}

/// <summary>Section <c>Worker</c>.</summary>
public sealed class WorkerOptions
{
    /// <summary>
    /// What the worker takes up: <c>all</c>, or some of <c>jobs</c>, <c>actions</c>, <c>calls</c>, <c>instances</c> and <c>clones</c>
    /// with commas between them. What no worker takes up waits in the database and the broker until one does. Default: <c>all</c>.
    /// </summary>
    [EnumDataType(typeof(WorkerParts))]
    public WorkerParts Parts { get; set; } = WorkerParts.All;

    internal static WorkerParts PartsOf(IConfiguration configuration) => configuration.GetValue("Worker:Parts", WorkerParts.All);
}
