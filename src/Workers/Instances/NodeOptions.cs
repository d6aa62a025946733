using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Workers.Instances;

/// <summary>Section <c>Node</c>: what this worker is as a node.</summary>
public sealed class NodeOptions
{
    /// <summary>Whether this worker runs instances. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// The node's name, which must stay the same when the worker is started again. 1 to 200 characters. Default: the machine's
    /// name; of further workers on the machine with <c>-2</c>, <c>-3</c>, … behind it.
    /// </summary>
    [MaxLength(200)]
    public string? Name { get; set; }

    /// <summary>Names of the regions that it serves. Default: none, which means every one.</summary>
    public IList<string> Regions { get; init; } = [];

    /// <summary>Labels, for whoever looks at the node. Default: none.</summary>
    public Dictionary<string, string> Labels { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Thousandths of processors to give to instances; 0: what the machine has. 0 to 10,000,000, default 0.</summary>
    [Range(0, 10_000_000)]
    public int MilliCpus { get; set; }

    /// <summary>MiB of memory to give to instances; 0: what the machine has. 0 to 1,000,000,000, default 0.</summary>
    [Range(0, 1_000_000_000)]
    public int MemoryMiB { get; set; }

    /// <summary>MiB of disk to give to instances; 0: what is free. 0 to 1,000,000,000, default 0.</summary>
    [Range(0, 1_000_000_000)]
    public int DiskMiB { get; set; }

    /// <summary>Processes and threads of one instance at once. 1 to 100,000, default 512.</summary>
    [Range(1, 100_000)]
    public int MaxProcesses { get; set; } = 512;

    /// <summary>Instances that are being started at the same time. 1 to 1,000, default 8.</summary>
    [Range(1, 1_000)]
    public int ConcurrentStarts { get; set; } = 8;
}
