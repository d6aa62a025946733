using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Workers.Runtimes;

/// <summary>Section <c>Runtimes</c>.</summary>
public sealed class RuntimesOptions
{
    /// <summary>
    /// What runs functions and instances: <c>process</c> (bubblewrap and cgroups, where the machine has them) or <c>docker</c> (a Docker
    /// engine, by its API). Default: <c>process</c>.
    /// </summary>
    [EnumDataType(typeof(RuntimeKind))]
    public RuntimeKind Kind { get; set; } = RuntimeKind.Process;

    /// <summary>
    /// Where the sockets, pipes and records of running containers are. Short, because the path of a unix socket is at most 107
    /// bytes, and on this machine. At most 60 characters. Default: <c>/run/orchestrator</c> for root,
    /// <c>/tmp/orchestrator-UID</c> for others.
    /// </summary>
    [MaxLength(60)]
    public string Directory { get; set; } = "";

    /// <summary>
    /// The cgroup below which containers get theirs, as a path below the mount of each controller. Default: <c>orchestrator</c> below
    /// the worker's own cgroup.
    /// </summary>
    public string CgroupParent { get; set; } = "";

    /// <summary>
    /// The first of the user ids that containers run under when the worker is root; each container has one of its own.
    /// 1,000 to 2,000,000,000, default 61184 (systemd's range for dynamic users).
    /// </summary>
    [Range(1_000, 2_000_000_000)]
    public int FirstUserId { get; set; } = 61_184;

    /// <summary>How many user ids there are from <see cref="FirstUserId"/> on. 16 to 1,000,000, default 4096.</summary>
    [Range(16, 1_000_000)]
    public int UserIds { get; set; } = 4_096;

    /// <summary>
    /// More of this machine's directories that containers of the process runtime see, read-only, at the same place; <c>/usr</c>,
    /// <c>/opt</c>, .NET's and what <c>/etc</c> needs are there always.
    /// </summary>
    public IList<string> ReadOnlyPaths { get; init; } = [];

    /// <summary>The Docker engine's socket. Default: <c>/var/run/docker.sock</c>.</summary>
    [Required]
    public string DockerSocket { get; set; } = "/var/run/docker.sock";

    /// <summary>How long the Docker engine may take to answer, pulls of images excepted. 1 second to 10 minutes, default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan DockerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the pull of an image may take. 1 second to 1 hour, default 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan PullTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary><see cref="Directory"/>, or its default.</summary>
    internal string EffectiveDirectory => Directory is { Length: > 0 } ? Path.GetFullPath(Directory)
        : Libc.UserId() is var user && user == 0 ? "/run/orchestrator" : $"/tmp/orchestrator-{user}";
}

/// <summary>The implementations of <see cref="IRuntime"/>.</summary>
public enum RuntimeKind
{
    Process,
    Docker,
}
