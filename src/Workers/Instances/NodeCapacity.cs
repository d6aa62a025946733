using System.Globalization;
using Orchestrator.Sagas.Instances;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Instances;

/// <summary>What the machine has to give.</summary>
internal static class NodeCapacity
{
    /// <summary>This worker as a node of that name.</summary>
    public static Node Describe(string name, NodeOptions options, IRuntime runtime) => new()
    {
        Name = name,
        State = NodeStates.Joining,
        Machine = Environment.MachineName,
        Runtime = runtime.Name,
        Regions = [.. options.Regions],
        Labels = options.Labels,
        MilliCpus = options.MilliCpus > 0 ? options.MilliCpus : Environment.ProcessorCount * 1000,
        MemoryMiB = options.MemoryMiB > 0 ? options.MemoryMiB : MemoryMiB(),
        DiskMiB = options.DiskMiB > 0 ? options.DiskMiB : DiskMiB(),
    };

    private static int MemoryMiB()
    {
        // "MemTotal:       16318408 kB"
        var line = File.ReadLines("/proc/meminfo").First(text => text.StartsWith("MemTotal:", StringComparison.Ordinal));
        var total = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024);
        return (int)Math.Min(total, Math.Max(limit, 256));
    }

    private static int DiskMiB() => (int)Math.Min(new DriveInfo(Path.GetTempPath()).AvailableFreeSpace / (1024 * 1024), int.MaxValue);
}
