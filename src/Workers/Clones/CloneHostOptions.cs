using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Orchestrator.Workers.Clones;

/// <summary>Section <c>Clones</c>: where clones live and what they may use.</summary>
public sealed class CloneHostOptions : IValidatableObject
{
    /// <summary>
    /// Where snapshots and clones are kept: an absolute path, best on XFS with reflink or on btrfs. One worker at a time
    /// holds it. Unset: this worker hosts no clones.
    /// </summary>
    public string Directory { get; set; } = "";

    /// <summary>
    /// How data directories are cloned: <c>auto</c> (the first that the file system can do of the following), <c>overlay</c>,
    /// <c>btrfs</c>, <c>reflink</c> or <c>copy</c>. Default: <c>auto</c>.
    /// </summary>
    [RegularExpression("auto|overlay|btrfs|reflink|copy", ErrorMessage = "it must be auto, overlay, btrfs, reflink or copy.")]
    public string Provider { get; set; } = "auto";

    /// <summary>The one address that clones listen on. Default: <c>127.0.0.1</c>.</summary>
    public string ListenAddress { get; set; } = "127.0.0.1";

    /// <summary>The host name that users are told. Default: <c>Clones:ListenAddress</c>.</summary>
    public string AccessHost { get; set; } = "";

    /// <summary>The first port of clones, 1,024 to 65,535. Default: 6000.</summary>
    [Range(1024, 65535)]
    public int PortFrom { get; set; } = 6000;

    /// <summary>The last port of clones, included, so that their number bounds the clones. 1,024 to 65,535, default 6099.</summary>
    [Range(1024, 65535)]
    public int PortTo { get; set; } = 6099;

    /// <summary>A clone or snapshot is refused when less than so many MiB would stay free. 0 to 1,048,576, default 256.</summary>
    [Range(0, 1048576)]
    public int DiskReserveMiB { get; set; } = 256;

    /// <summary>The instance status turns to WARNING when less than so many per cent are free. 0 to 90, default 10.</summary>
    [Range(0, 90)]
    public int DiskWarningPercent { get; set; } = 10;

    /// <summary>Dumps are restored from below this directory only. Unset: no dump is.</summary>
    public string DumpRoot { get; set; } = "";

    /// <summary>
    /// The directory that holds <c>postgres</c>, <c>initdb</c>, <c>pg_basebackup</c>, <c>pg_restore</c>. Unset: the versions
    /// below <c>/usr/lib/postgresql</c>.
    /// </summary>
    public string BinDirectory { get; set; } = "";

    /// <summary>
    /// The user id that clones run as when the worker is root, 1,000 to 4,294,900,000: nobody else's, so no server of
    /// yours may have it. Default: 1900054320.
    /// </summary>
    [Range(1000L, 4294900000L)]
    public long Uid { get; set; } = 1_900_054_320;

    /// <summary>How long a Postgres may take to start, recovery included. 1 second to 1 day, default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The memory of a clone in MiB, its part of the page cache included: what takes more is ended, and the clone's Postgres
    /// recovers. 0, or 128 to 1,048,576; default 0, no bound. Needs cgroups, as <c>Clones:MilliCpus</c> and
    /// <c>Clones:MaxProcesses</c> do; where there are none, the instance status warns.
    /// </summary>
    [Range(0, 1048576)]
    public int MemoryMiB { get; set; }

    /// <summary>The processor time of a clone in thousandths of a processor. 0 to 1,024,000; default 0, no bound.</summary>
    [Range(0, 1024000)]
    public int MilliCpus { get; set; }

    /// <summary>How many processes and threads a clone may have, programs of its superuser included. 0, or 32 to 4,194,304; default 0, no bound.</summary>
    [Range(0, 4194304)]
    public int MaxProcesses { get; set; }

    /// <summary>
    /// The cgroup below which clones get theirs, as a path below the mount of each controller. Default: <c>orchestrator</c> below
    /// the worker's own cgroup.
    /// </summary>
    public string CgroupParent { get; set; } = "";

    /// <summary>Libraries that each clone preloads, comma-separated, such as <c>pg_stat_statements</c>. Default: none.</summary>
    [RegularExpression(@"[A-Za-z0-9_\-]*(,[A-Za-z0-9_\-]+)*", ErrorMessage = "it must be names, separated by commas.")]
    public string PreloadLibraries { get; set; } = "";

    internal bool IsBounded => MemoryMiB > 0 || MilliCpus > 0 || MaxProcesses > 0;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Directory.Length > 0 && !Path.IsPathFullyQualified(Directory))
            yield return new ValidationResult("it must be an absolute path.", [nameof(Directory)]);
        if (DumpRoot.Length > 0 && !Path.IsPathFullyQualified(DumpRoot))
            yield return new ValidationResult("it must be an absolute path.", [nameof(DumpRoot)]);
        if (BinDirectory.Length > 0 && !Path.IsPathFullyQualified(BinDirectory))
            yield return new ValidationResult("it must be an absolute path.", [nameof(BinDirectory)]);
        if (!IPAddress.TryParse(ListenAddress, out _))
            yield return new ValidationResult("it must be an IP address.", [nameof(ListenAddress)]);
        if (MemoryMiB is > 0 and < 128)
            yield return new ValidationResult("it must be 0 or at least 128.", [nameof(MemoryMiB)]);
        if (MaxProcesses is > 0 and < 32)
            yield return new ValidationResult("it must be 0 or at least 32.", [nameof(MaxProcesses)]);
        if (PortTo < PortFrom)
            yield return new ValidationResult("it must not be below Clones:PortFrom.", [nameof(PortTo)]);
    }
}
