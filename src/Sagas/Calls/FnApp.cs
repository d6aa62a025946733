namespace Orchestrator.Sagas.Calls;

/// <summary>A group of fns with settings in common.</summary>
public sealed record FnApp
{
    public const string DefaultShape = "GENERIC_X86";

    public static readonly IReadOnlyList<string> Shapes = [DefaultShape, "GENERIC_ARM", "GENERIC_X86_ARM"];

    public required string Id { get; init; }

    /// <summary>Unique, and never changes.</summary>
    public required string Name { get; init; }

    /// <summary>Environment variables of all its fns.</summary>
    public required SortedDictionary<string, string> Config { get; init; }

    /// <summary>Values are JSON.</summary>
    public required SortedDictionary<string, string> Annotations { get; init; }

    public string? SyslogUrl { get; init; }
    public required string Shape { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>An image and the limits that it runs within.</summary>
public sealed record Fn
{
    public required string Id { get; init; }

    /// <summary>Unique within the app, and never changes.</summary>
    public required string Name { get; init; }

    public required string AppId { get; init; }

    /// <summary>What to run: <c>name:tag</c> for the process runtime, an image reference for docker.</summary>
    public required string Image { get; init; }

    /// <summary>MiB.</summary>
    public required long Memory { get; init; }

    /// <summary>Seconds that one execution may take.</summary>
    public required int Timeout { get; init; }

    /// <summary>Seconds that a container is kept without calls.</summary>
    public required int IdleTimeout { get; init; }

    /// <summary>MiB of <c>/tmp</c>; 0: the runtime's default.</summary>
    public int TmpfsSize { get; init; }

    /// <summary>0: no limit.</summary>
    public MilliCpus Cpus { get; init; }

    /// <summary>Containers at a time on one worker; 0: as many as there is room for.</summary>
    public int MaxConcurrency { get; init; }

    public required SortedDictionary<string, string> Config { get; init; }
    public required SortedDictionary<string, string> Annotations { get; init; }
    public required string Shape { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>An HTTP path that leads to a fn.</summary>
public sealed record FnTrigger
{
    public const string HttpType = "http";

    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string AppId { get; init; }
    public required string FnId { get; init; }

    /// <summary>Always <c>http</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Path below <c>/t/{app}</c>, with its slash.</summary>
    public required string Source { get; init; }

    public required SortedDictionary<string, string> Annotations { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
