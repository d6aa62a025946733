using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Sagas.Calls;

/// <summary>What a client sends to make or change an app.</summary>
public sealed record FnAppChange
{
    public string? Id { get; init; }

    /// <summary>Letters, digits, <c>_</c> and <c>-</c>, at most 255. Never changes.</summary>
    public string? Name { get; init; }

    /// <summary>Environment of all fns of the app. In a change, an empty value removes its key.</summary>
    public Dictionary<string, string>? Config { get; init; }

    /// <summary>Any JSON under up to 100 keys. In a change, an empty value removes its key.</summary>
    public Dictionary<string, JsonElement>? Annotations { get; init; }

    [JsonPropertyName("syslog_url")]
    public string? SyslogUrl { get; init; }

    /// <summary>GENERIC_X86, GENERIC_ARM or GENERIC_X86_ARM.</summary>
    public string? Shape { get; init; }
}

/// <summary>What a client sends to make or change a fn.</summary>
public sealed record FnChange
{
    public string? Id { get; init; }

    /// <summary>Unique within the app, at most 255 characters that need no escaping in a URL. Never changes.</summary>
    public string? Name { get; init; }

    [JsonPropertyName("app_id")]
    public string? AppId { get; init; }

    /// <summary>What to run.</summary>
    public string? Image { get; init; }

    /// <summary>MiB, 1 to 8192. Default: 128.</summary>
    public ulong? Memory { get; init; }

    /// <summary>Seconds of one execution, 1 to 300. Default: 30.</summary>
    public int? Timeout { get; init; }

    /// <summary>Seconds that a container is kept without calls, 1 to 3600. Default: 30.</summary>
    [JsonPropertyName("idle_timeout")]
    public int? IdleTimeout { get; init; }

    /// <summary>MiB of <c>/tmp</c>, up to 8192. Default: that of the runtime.</summary>
    [JsonPropertyName("tmpfs_size")]
    public uint? TmpfsSize { get; init; }

    /// <summary>Processors, as "100m" or "0.1". Default: no limit.</summary>
    public MilliCpus? Cpus { get; init; }

    /// <summary>Containers at a time on one worker, up to 10000. Default: as many as there is room for.</summary>
    [JsonPropertyName("max_concurrency")]
    public int? MaxConcurrency { get; init; }

    /// <summary>Environment variables. In a change, an empty value removes its key.</summary>
    public Dictionary<string, string>? Config { get; init; }

    /// <summary>Any JSON under up to 100 keys. In a change, an empty value removes its key.</summary>
    public Dictionary<string, JsonElement>? Annotations { get; init; }
}

/// <summary>What a client sends to make or change a trigger.</summary>
public sealed record FnTriggerChange
{
    public string? Id { get; init; }

    /// <summary>At most 255 characters that need no escaping in a URL.</summary>
    public string? Name { get; init; }

    [JsonPropertyName("app_id")]
    public string? AppId { get; init; }

    [JsonPropertyName("fn_id")]
    public string? FnId { get; init; }

    /// <summary>http.</summary>
    public string? Type { get; init; }

    /// <summary>Path below <c>/t/{app}</c>, with its slash.</summary>
    public string? Source { get; init; }

    /// <summary>Any JSON under up to 100 keys. In a change, an empty value removes its key.</summary>
    public Dictionary<string, JsonElement>? Annotations { get; init; }

    [JsonPropertyName("created_at")]
    public DateTimeOffset? CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public DateTimeOffset? UpdatedAt { get; init; }
}
