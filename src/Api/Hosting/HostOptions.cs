namespace Orchestrator.Api.Hosting;

/// <summary>What a process of the API host does.</summary>
public enum HostRole
{
    /// <summary>API and worker in one process.</summary>
    All,

    /// <summary>API only; workers run apart.</summary>
    Api,
}

/// <summary>Section <c>Host</c>.</summary>
public sealed class HostOptions
{
    /// <summary><c>all</c> or <c>api</c>. Default: <c>all</c>.</summary>
    public HostRole Role { get; set; } = HostRole.All;
}
