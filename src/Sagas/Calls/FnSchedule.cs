using System.Text.Json.Serialization;

namespace Orchestrator.Sagas.Calls;

/// <summary>A fn that is invoked by the clock, asynchronously.</summary>
public sealed record FnSchedule
{
    public required string Id { get; init; }

    /// <summary>Unique within the fn.</summary>
    public required string Name { get; init; }

    public required string AppId { get; init; }
    public required string FnId { get; init; }

    /// <summary>Five fields as in a crontab, or six or seven as Quartz has them.</summary>
    public required string Cron { get; init; }

    /// <summary>IANA name.</summary>
    public required string TimeZone { get; init; }

    /// <summary>The body of each call.</summary>
    public required byte[] Payload { get; init; }

    public string? ContentType { get; init; }
    public short Priority { get; init; }
    public short MaxRetries { get; init; }

    /// <summary>Seconds.</summary>
    public int RetryDelay { get; init; }

    /// <summary>True: it invokes nothing for now.</summary>
    public bool IsPaused { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it invokes next; null when paused or never again.</summary>
    public DateTimeOffset? NextAt { get; init; }
}

/// <summary>What a client sends to make or change a schedule.</summary>
public sealed record FnScheduleChange
{
    public string? Id { get; init; }

    /// <summary>Unique within the fn, at most 255 characters that need no escaping in a URL.</summary>
    public string? Name { get; init; }

    [JsonPropertyName("fn_id")]
    public string? FnId { get; init; }

    /// <summary>Five fields as in a crontab, or six or seven as Quartz has them, seconds first.</summary>
    public string? Cron { get; init; }

    /// <summary>IANA name of the time zone of <c>cron</c>. Default: UTC.</summary>
    [JsonPropertyName("time_zone")]
    public string? TimeZone { get; init; }

    /// <summary>The body of each call, at most 64 KiB. Default: empty.</summary>
    public string? Payload { get; init; }

    /// <summary>base64 for a payload that is no text.</summary>
    [JsonPropertyName("payload_encoding")]
    public string? PayloadEncoding { get; init; }

    /// <summary>Of the payload.</summary>
    [JsonPropertyName("content_type")]
    public string? ContentType { get; init; }

    /// <summary>0 to 2; higher starts first. Default: 0.</summary>
    public int? Priority { get; init; }

    /// <summary>How often a call is run again after an error, 0 to 25. Default: 0.</summary>
    [JsonPropertyName("max_retries")]
    public int? MaxRetries { get; init; }

    /// <summary>Seconds before it is run again. Default: 60.</summary>
    [JsonPropertyName("retry_delay")]
    public int? RetryDelay { get; init; }

    /// <summary>True: it invokes nothing for now. Default: false.</summary>
    public bool? Paused { get; init; }
}
