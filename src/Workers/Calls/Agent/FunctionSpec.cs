using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>A function as the agent sees it: its image, its limits, its configuration. Make it once per version of a function and keep it.</summary>
public sealed record FunctionSpec
{
    public required string FnId { get; init; }

    public required string AppId { get; init; }

    public string AppName { get; init; } = "";

    public string FnName { get; init; } = "";

    public required string Image { get; init; }

    /// <summary>MiB; default 128.</summary>
    public int MemoryMiB { get; init; } = 128;

    /// <summary>Thousandths of a processor; 0 means no limit.</summary>
    public int MilliCpus { get; init; }

    /// <summary>Size of <c>/tmp</c> in MiB; 0 means the agent's default.</summary>
    public int TmpfsMiB { get; init; }

    /// <summary>How long one call may execute. Default 30 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a container may idle before it ends. Default 30 seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Environment variables: the app's, overridden by the function's.</summary>
    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Calls at once on one worker; null means as many as there is room for.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>Annotation <c>orchestrator/network</c>: <c>host</c> or none.</summary>
    public ContainerNetwork Network { get; init; }

    /// <summary>
    /// Changes with anything that a container depends on (§5.6 of the original's slot key): calls of another revision get new
    /// containers, and the old ones idle out.
    /// </summary>
    public string Revision => ReferenceEquals(_revision?.Owner, this) ? _revision.Text : (_revision = new CachedRevision(this, FunctionRevision.Of(this))).Text;

    // A copy made by "with" has the field of its original.
    private CachedRevision? _revision;

    private sealed record CachedRevision(FunctionSpec Owner, string Text);

    public bool Equals(FunctionSpec? other) => other is not null && Revision == other.Revision;

    public override int GetHashCode() => Revision.GetHashCode(StringComparison.Ordinal);
}
