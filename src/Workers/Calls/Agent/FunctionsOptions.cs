using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>Section <c>Functions</c>.</summary>
public sealed class FunctionsOptions
{
    /// <summary>
    /// Where the images of the process runtime are: <c>name:tag</c> is the folder <c>name/tag</c> in it. Default: <c>functions</c>
    /// in the working directory; <c>./run</c> sets <c>.run/functions</c>.
    /// </summary>
    public string Root { get; set; } = "";

    /// <summary>How long a container may take until it accepts calls. 100 milliseconds to 10 minutes, default 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What all containers may hold together, in MiB; 0 means what the machine has free at the start, less a tenth. At most 64 TiB, default 0.</summary>
    [Range(0, 67_108_864)]
    public int MemoryMiB { get; set; }

    /// <summary>Thousandths of processors that all containers may hold together; 0 means those of the machine. Default 0.</summary>
    [Range(0, 1_024_000)]
    public int MilliCpus { get; set; }

    /// <summary>Size of <c>/tmp</c> of a function that names none, in MiB. 1 to 65,536, default 64.</summary>
    [Range(1, 65_536)]
    public int TmpfsMiB { get; set; } = 64;

    /// <summary>Processes and threads that one container may have at once. 8 to 100,000, default 50, as upstream.</summary>
    [Range(8, 100_000)]
    public int MaxProcesses { get; set; } = 50;

    /// <summary>Open files of one process of a function. 16 to 1,000,000, default 350, as upstream.</summary>
    [Range(16, 1_000_000)]
    public int MaxOpenFiles { get; set; } = 350;

    /// <summary>The largest body that a function may answer, in bytes. 1 KiB to 1 GiB, default 6 MiB.</summary>
    [Range(1_024, 1_073_741_824)]
    public int MaxResponseBytes { get; set; } = 6 * 1024 * 1024;

    /// <summary>The largest header that a function may answer, in bytes. 256 bytes to 1 MiB, default 64 KiB.</summary>
    [Range(256, 1_048_576)]
    public int MaxResponseHeaderBytes { get; set; } = 64 * 1024;

    /// <summary>What is kept of a call's stdout and stderr, in bytes. 0 to 64 MiB, default 1 MiB, as upstream.</summary>
    [Range(0, 67_108_864)]
    public int MaxLogBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// A container that idles is frozen after this time, where the runtime can (docker, and cgroup v2); zero means never. At most
    /// 1 hour, default 1 second.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan PauseAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary><see cref="Root"/>, or its default.</summary>
    internal string EffectiveRoot => Path.GetFullPath(Root is { Length: > 0 } ? Root : "functions");
}
