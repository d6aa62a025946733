using System.Globalization;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>The memory and processors that containers share. Not safe by itself: its owner locks.</summary>
internal sealed class MachineResources(int memoryMiB, int milliCpus)
{
    private const int LeastHeadroomMiB = 256;
    private const int MostHeadroomMiB = 5 * 1024;

    public int MemoryMiB { get; } = memoryMiB;

    public int MilliCpus { get; } = milliCpus;

    public int UsedMemoryMiB { get; private set; }

    public int UsedMilliCpus { get; private set; }

    public static MachineResources Of(FunctionsOptions options) => new(
        options.MemoryMiB > 0 ? options.MemoryMiB : Less(AvailableMiB()),
        options.MilliCpus > 0 ? options.MilliCpus : Environment.ProcessorCount * 1000);

    public bool CanEverHold(FunctionSpec function) => function.MemoryMiB <= MemoryMiB && function.MilliCpus <= MilliCpus;

    public bool CanHold(FunctionSpec function) =>
        UsedMemoryMiB + (long)function.MemoryMiB <= MemoryMiB && UsedMilliCpus + (long)function.MilliCpus <= MilliCpus;

    public void Take(FunctionSpec function)
    {
        UsedMemoryMiB += function.MemoryMiB;
        UsedMilliCpus += function.MilliCpus;
    }

    public void GiveBack(FunctionSpec function)
    {
        UsedMemoryMiB -= function.MemoryMiB;
        UsedMilliCpus -= function.MilliCpus;
    }

    /// <summary>
    /// Which idle containers must go, oldest first, so that a function fits (§5.7): none when they would not suffice, and none
    /// for a function that asks for nothing.
    /// </summary>
    /// <param name="function">What is to fit.</param>
    /// <param name="idle">Containers of other functions, the one that has idled longest first.</param>
    /// <param name="leaving">What containers that are being killed will give back.</param>
    public IReadOnlyList<HotContainer> Evict(FunctionSpec function, IEnumerable<HotContainer> idle, (int MemoryMiB, int MilliCpus) leaving)
    {
        long memory = UsedMemoryMiB + (long)function.MemoryMiB - MemoryMiB - leaving.MemoryMiB;
        long cpus = UsedMilliCpus + (long)function.MilliCpus - MilliCpus - leaving.MilliCpus;
        if (function is { MemoryMiB: 0, MilliCpus: 0 } || (memory <= 0 && cpus <= 0))
            return [];
        var evicted = new List<HotContainer>();
        foreach (var container in idle)
        {
            var frees = (memory > 0 && container.Function.MemoryMiB > 0) || (cpus > 0 && container.Function.MilliCpus > 0);
            if (!frees)
                continue;
            evicted.Add(container);
            memory -= container.Function.MemoryMiB;
            cpus -= container.Function.MilliCpus;
            if (memory <= 0 && cpus <= 0)
                return evicted;
        }

        return [];
    }

    private static int Less(int available) => Math.Max(64, available - Math.Clamp(available / 10, LeastHeadroomMiB, MostHeadroomMiB));

    // What the kernel calls available, or less where a cgroup or a container bounds this process.
    private static int AvailableMiB()
    {
        var kilobytes = File.ReadLines("/proc/meminfo")
            .Where(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
            .Select(line => long.Parse(line["MemAvailable:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture))
            .FirstOrDefault(long.MaxValue);
        return (int)Math.Min(Math.Min(kilobytes >> 10, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20), 64L << 20);
    }
}
