namespace Orchestrator.Sagas.Instances;

/// <summary>A worker process that runs instances.</summary>
public sealed class Node
{
    /// <summary>Stays the same when the worker is started again.</summary>
    public required string Name { get; init; }

    /// <summary>Counts the node's lives: what an earlier one says or holds counts no more.</summary>
    public long Incarnation { get; init; }

    /// <summary>joining, active, draining, drained or lost.</summary>
    public required string State { get; init; }

    /// <summary>Names the machine: nodes on one machine share its ports.</summary>
    public required string Machine { get; init; }

    /// <summary><c>process</c> or <c>docker</c>.</summary>
    public required string Runtime { get; init; }

    /// <summary>Names of the regions that it serves; none: every one.</summary>
    public required string[] Regions { get; init; }

    public Dictionary<string, string> Labels { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Thousandths of processors, as they are; more may be promised.</summary>
    public int MilliCpus { get; init; }

    public int MemoryMiB { get; init; }
    public int DiskMiB { get; init; }
    public DateTimeOffset LeaseUntil { get; init; }
    public DateTimeOffset HeartbeatAt { get; init; }
    public DateTimeOffset? DrainUntil { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The values of <see cref="Node.State"/>.</summary>
public static class NodeStates
{
    public const string Joining = "joining";
    public const string Active = "active";
    public const string Draining = "draining";
    public const string Drained = "drained";
    public const string Lost = "lost";
}
