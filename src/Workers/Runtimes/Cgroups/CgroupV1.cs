using System.Globalization;

namespace Orchestrator.Workers.Runtimes.Cgroups;

/// <summary>Version 1: a tree for each controller. Where one is missing, its bound is not kept.</summary>
internal sealed class CgroupsV1 : ICgroups
{
    private readonly string? _memory;
    private readonly string? _cpu;
    private readonly string? _cpuacct;
    private readonly string? _pids;

    /// <param name="parents">By the name of the controller, a directory in which groups can be made.</param>
    public CgroupsV1(IReadOnlyDictionary<string, string> parents)
    {
        _memory = parents.GetValueOrDefault("memory");
        _cpu = parents.GetValueOrDefault("cpu");
        _cpuacct = parents.GetValueOrDefault("cpuacct");
        _pids = parents.GetValueOrDefault("pids");
    }

    public string Description => "cgroup v1";

    public bool LimitsMemory => _memory is not null;

    public bool LimitsCpu => _cpu is not null;

    public bool LimitsProcesses => _pids is not null;

    // Whoever is frozen by version 1 does not die of SIGKILL: a worker that dies would leave such containers behind.
    public bool CanFreeze => false;

    public ICgroup Create(string id, CgroupLimits limits)
    {
        foreach (var directory in Directories(id))
            Directory.CreateDirectory(directory);
        if (_memory is not null && limits.MemoryMiB > 0)
        {
            var bytes = ((long)limits.MemoryMiB << 20).ToString(CultureInfo.InvariantCulture);
            CgroupFiles.Write($"{_memory}/{id}", "memory.limit_in_bytes", bytes);
            // Without swap; a kernel that does not count swap has no such file.
            CgroupFiles.TryWrite($"{_memory}/{id}", "memory.memsw.limit_in_bytes", bytes);
        }

        if (_cpu is not null && limits.MilliCpus > 0)
        {
            CgroupFiles.Write($"{_cpu}/{id}", "cpu.cfs_period_us", "100000");
            CgroupFiles.Write($"{_cpu}/{id}", "cpu.cfs_quota_us", Math.Max(1000, limits.MilliCpus * 100L).ToString(CultureInfo.InvariantCulture));
        }

        if (_pids is not null && limits.MaxProcesses > 0)
            CgroupFiles.Write($"{_pids}/{id}", "pids.max", limits.MaxProcesses.ToString(CultureInfo.InvariantCulture));
        return Open(id);
    }

    public ICgroup Open(string id) => new Group(this, id, Directories(id));

    private string[] Directories(string id) =>
        [.. ((string?[])[_memory, _cpu, _cpuacct, _pids]).OfType<string>().Distinct(StringComparer.Ordinal).Select(parent => $"{parent}/{id}")];

    private sealed class Group(CgroupsV1 tree, string id, string[] directories) : ICgroup
    {
        public IReadOnlyList<string> JoinFiles { get; } = [.. directories.Select(directory => $"{directory}/cgroup.procs")];

        public bool Kill()
        {
            var any = false;
            foreach (var directory in directories)
                any |= CgroupFiles.KillEach(directory);
            return any;
        }

        public bool WasOutOfMemory() => tree._memory is not null && CgroupFiles.ReadField($"{tree._memory}/{id}", "memory.oom_control", "oom_kill") > 0;

        public ContainerStats? ReadStats()
        {
            if (tree._memory is null && tree._cpuacct is null)
                return null;
            var account = $"{tree._cpuacct}/{id}";
            return new ContainerStats
            {
                MemoryBytes = CgroupFiles.ReadNumber($"{tree._memory}/{id}", "memory.usage_in_bytes"),
                MemoryLimitBytes = CgroupFiles.ReadNumber($"{tree._memory}/{id}", "memory.limit_in_bytes") is var limit and < 1L << 60 ? limit : 0,
                // Nanoseconds, and for the two parts of it hundredths of a second.
                Cpu = TimeSpan.FromTicks(CgroupFiles.ReadNumber(account, "cpuacct.usage") / 100),
                CpuUser = TimeSpan.FromMilliseconds(CgroupFiles.ReadField(account, "cpuacct.stat", "user") * 10),
                CpuKernel = TimeSpan.FromMilliseconds(CgroupFiles.ReadField(account, "cpuacct.stat", "system") * 10),
            };
        }

        public void Freeze(bool frozen)
        {
            // See CanFreeze.
        }

        public bool Remove() => directories.Aggregate(true, (all, directory) => all & CgroupFiles.TryRemove(directory));
    }
}
