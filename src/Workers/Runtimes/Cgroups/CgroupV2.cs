using System.Globalization;

namespace Orchestrator.Workers.Runtimes.Cgroups;

/// <summary>Version 2: one tree.</summary>
/// <param name="parent">A directory in which groups can be made.</param>
/// <param name="controllers">Those that its groups have.</param>
internal sealed class CgroupsV2(string parent, IReadOnlySet<string> controllers) : ICgroups
{
    public string Description => "cgroup v2";

    public bool LimitsMemory => controllers.Contains("memory");

    public bool LimitsCpu => controllers.Contains("cpu");

    public bool LimitsProcesses => controllers.Contains("pids");

    public bool CanFreeze => true;

    public ICgroup Create(string id, CgroupLimits limits)
    {
        var directory = $"{parent}/{id}";
        Directory.CreateDirectory(directory);
        if (LimitsMemory && limits.MemoryMiB > 0)
        {
            CgroupFiles.Write(directory, "memory.max", ((long)limits.MemoryMiB << 20).ToString(CultureInfo.InvariantCulture));
            CgroupFiles.TryWrite(directory, "memory.swap.max", "0");
            // One process over the limit ends them all: a container that lost a part is no container.
            CgroupFiles.TryWrite(directory, "memory.oom.group", "1");
        }

        if (LimitsCpu && limits.MilliCpus > 0)
            CgroupFiles.Write(directory, "cpu.max", string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1000, limits.MilliCpus * 100L)} 100000"));
        if (LimitsProcesses && limits.MaxProcesses > 0)
            CgroupFiles.Write(directory, "pids.max", limits.MaxProcesses.ToString(CultureInfo.InvariantCulture));
        return Open(id);
    }

    public ICgroup Open(string id) => new Group($"{parent}/{id}");

    private sealed class Group(string directory) : ICgroup
    {
        public IReadOnlyList<string> JoinFiles { get; } = [$"{directory}/cgroup.procs"];

        public bool Kill()
        {
            // cgroup.kill came with Linux 5.14, and kills frozen ones too.
            if (!CgroupFiles.TryWrite(directory, "cgroup.kill", "1"))
            {
                Freeze(frozen: false);
                CgroupFiles.KillEach(directory);
            }

            return CgroupFiles.ReadField(directory, "cgroup.events", "populated") > 0;
        }

        public bool WasOutOfMemory() => CgroupFiles.ReadField(directory, "memory.events", "oom_kill") > 0;

        public ContainerStats? ReadStats()
        {
            if (!Directory.Exists(directory))
                return null;
            return new ContainerStats
            {
                MemoryBytes = CgroupFiles.ReadNumber(directory, "memory.current"),
                MemoryLimitBytes = CgroupFiles.ReadNumber(directory, "memory.max"),
                Cpu = Microseconds("usage_usec"),
                CpuUser = Microseconds("user_usec"),
                CpuKernel = Microseconds("system_usec"),
            };
        }

        public void Freeze(bool frozen) => CgroupFiles.TryWrite(directory, "cgroup.freeze", frozen ? "1" : "0");

        public bool Remove() => CgroupFiles.TryRemove(directory);

        private TimeSpan Microseconds(string key) => TimeSpan.FromTicks(CgroupFiles.ReadField(directory, "cpu.stat", key) * TimeSpan.TicksPerMicrosecond);
    }
}
