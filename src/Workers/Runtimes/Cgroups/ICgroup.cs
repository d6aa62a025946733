using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Runtimes.Cgroups;

/// <summary>The kernel's account and bounds of one container, in either of cgroups' two versions.</summary>
internal interface ICgroup
{
    /// <summary>The files to which a process writes <c>0</c> to join.</summary>
    IReadOnlyList<string> JoinFiles { get; }

    /// <summary>Sends SIGKILL to all processes in it, once; false when there is none left.</summary>
    bool Kill();

    /// <summary>Whether the kernel killed something in it because its memory was used up.</summary>
    bool WasOutOfMemory();

    ContainerStats? ReadStats();

    /// <summary>Freezes or thaws all processes in it.</summary>
    void Freeze(bool frozen);

    /// <summary>Removes it; false while the kernel still holds it.</summary>
    bool Remove();
}

/// <summary>The bounds of a container; 0 means none.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CgroupLimits(int MemoryMiB, int MilliCpus, int MaxProcesses);

/// <summary>Makes cgroups; what the machine offers is found out once.</summary>
internal interface ICgroups
{
    /// <summary>E.g. <c>cgroup v2</c>.</summary>
    string Description { get; }

    bool LimitsMemory { get; }

    bool LimitsCpu { get; }

    bool LimitsProcesses { get; }

    bool CanFreeze { get; }

    ICgroup Create(string id, CgroupLimits limits);

    /// <summary>One that a former worker made, whatever of it is left.</summary>
    ICgroup Open(string id);
}
