using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>An app as it is shown.</summary>
public sealed record FnAppBody
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public SortedDictionary<string, string>? Config { get; init; }

    /// <summary>Any JSON under each key.</summary>
    public JsonObject? Annotations { get; init; }

    [JsonPropertyName("syslog_url")]
    public string? SyslogUrl { get; init; }

    public required string Shape { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    public static FnAppBody Of(FnApp app) => new()
    {
        Id = app.Id,
        Name = app.Name,
        Config = FnBody.NullIfEmpty(app.Config),
        Annotations = FnBody.Shown(app.Annotations),
        SyslogUrl = app.SyslogUrl,
        Shape = app.Shape,
        CreatedAt = app.CreatedAt,
        UpdatedAt = app.UpdatedAt,
    };
}

/// <summary>A fn as it is shown.</summary>
public sealed record FnBody
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    [JsonPropertyName("app_id")]
    public required string AppId { get; init; }

    public required string Image { get; init; }

    /// <summary>MiB.</summary>
    public required long Memory { get; init; }

    /// <summary>Seconds.</summary>
    public required int Timeout { get; init; }

    /// <summary>Seconds.</summary>
    [JsonPropertyName("idle_timeout")]
    public required int IdleTimeout { get; init; }

    /// <summary>MiB of <c>/tmp</c>; absent: the runtime's default.</summary>
    [JsonPropertyName("tmpfs_size")]
    public int? TmpfsSize { get; init; }

    /// <summary>Such as 100m; absent: no limit.</summary>
    public string? Cpus { get; init; }

    /// <summary>Containers at a time on one worker; absent: as many as there is room for.</summary>
    [JsonPropertyName("max_concurrency")]
    public int? MaxConcurrency { get; init; }

    public SortedDictionary<string, string>? Config { get; init; }

    /// <summary>Any JSON under each key.</summary>
    public JsonObject? Annotations { get; init; }

    public required string Shape { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Where it is invoked.</summary>
    public const string InvokeEndpoint = "fnproject.io/fn/invokeEndpoint";

    public static FnBody Of(Fn fn, string baseUrl) => new()
    {
        Id = fn.Id,
        Name = fn.Name,
        AppId = fn.AppId,
        Image = fn.Image,
        Memory = fn.Memory,
        Timeout = fn.Timeout,
        IdleTimeout = fn.IdleTimeout,
        TmpfsSize = fn.TmpfsSize is 0 ? null : fn.TmpfsSize,
        Cpus = fn.Cpus.Value is 0 ? null : fn.Cpus.ToString(),
        MaxConcurrency = fn.MaxConcurrency is 0 ? null : fn.MaxConcurrency,
        Config = NullIfEmpty(fn.Config),
        Annotations = Shown(fn.Annotations, (InvokeEndpoint, $"{baseUrl}/invoke/{fn.Id}")),
        Shape = fn.Shape,
        CreatedAt = fn.CreatedAt,
        UpdatedAt = fn.UpdatedAt,
    };

    internal static SortedDictionary<string, string>? NullIfEmpty(SortedDictionary<string, string> map) => map.Count == 0 ? null : map;

    internal static JsonObject? Shown(SortedDictionary<string, string> stored, params (string Key, string Value)[] added)
    {
        if (stored.Count + added.Length == 0)
            return null;
        var annotations = new JsonObject();
        foreach (var (key, value) in stored)
            annotations[key] = JsonNode.Parse(value);
        foreach (var (key, value) in added)
            annotations[key] = value;
        return annotations;
    }
}

/// <summary>A trigger as it is shown.</summary>
public sealed record FnTriggerBody
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    [JsonPropertyName("app_id")]
    public required string AppId { get; init; }

    [JsonPropertyName("fn_id")]
    public required string FnId { get; init; }

    public required string Type { get; init; }
    public required string Source { get; init; }

    /// <summary>Any JSON under each key.</summary>
    public JsonObject? Annotations { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Where it is called.</summary>
    public const string HttpEndpoint = "fnproject.io/trigger/httpEndpoint";

    public static FnTriggerBody Of(FnTrigger trigger, string appName, string baseUrl) => new()
    {
        Id = trigger.Id,
        Name = trigger.Name,
        AppId = trigger.AppId,
        FnId = trigger.FnId,
        Type = trigger.Type,
        Source = trigger.Source,
        Annotations = FnBody.Shown(trigger.Annotations, (HttpEndpoint, $"{baseUrl}/t/{appName}{trigger.Source}")),
        CreatedAt = trigger.CreatedAt,
        UpdatedAt = trigger.UpdatedAt,
    };
}

/// <summary>A page of a list as the original gives it.</summary>
public sealed record FnList<T>(
    [property: JsonPropertyName("next_cursor")] string? NextCursor,
    IReadOnlyList<T> Items);
