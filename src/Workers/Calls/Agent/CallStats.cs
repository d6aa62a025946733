using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>What a call used, a point a second. Of a long call every second point is dropped, again and again, so that 240 tell of all of it.</summary>
internal sealed class CallStats
{
    public const int MaxPoints = 240;

    private readonly Lock _lock = new();
    private List<StatsPoint>? _points;
    private int _every = 1;
    private int _seen;

    public IReadOnlyList<StatsPoint> Points
    {
        get
        {
            lock (_lock)
                return _points is null ? [] : [.. _points];
        }
    }

    public void Add(DateTimeOffset now, ContainerStats used)
    {
        lock (_lock)
        {
            if (_seen++ % _every != 0)
                return;
            _points ??= [];
            if (_points.Count == MaxPoints)
            {
                _points = [.. _points.Where((_, index) => index % 2 == 0)];
                _every *= 2;
            }

            _points.Add(new StatsPoint(now, Metrics(used)));
        }
    }

    // The original's names and units: bytes, and nanoseconds of processor time.
    private static Dictionary<string, ulong> Metrics(ContainerStats used)
    {
        var metrics = new Dictionary<string, ulong>(StringComparer.Ordinal)
        {
            ["mem_usage"] = (ulong)used.MemoryBytes,
            ["mem_limit"] = (ulong)used.MemoryLimitBytes,
            ["cpu_total"] = (ulong)used.Cpu.Ticks * 100,
            ["cpu_user"] = (ulong)used.CpuUser.Ticks * 100,
            ["cpu_kernel"] = (ulong)used.CpuKernel.Ticks * 100,
        };
        foreach (var (name, value) in (ReadOnlySpan<(string, long?)>)[("net_rx", used.NetworkReceived), ("net_tx", used.NetworkSent), ("disk_read", used.DiskRead), ("disk_write", used.DiskWritten)])
        {
            if (value is { } bytes)
                metrics[name] = (ulong)bytes;
        }

        return metrics;
    }
}
