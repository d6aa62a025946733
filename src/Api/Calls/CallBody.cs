using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>A call as it is shown (seed: <c>Call</c>). In lists without payload and result.</summary>
public sealed record CallBody
{
    public required string Id { get; init; }

    /// <summary>delayed, queued, running, success, error or cancelled.</summary>
    public required string Status { get; init; }

    public required string Image { get; init; }

    /// <summary>Seconds.</summary>
    public int? Delay { get; init; }

    /// <summary>sync, detached or async.</summary>
    public required string Type { get; init; }

    /// <summary>What the function got: text, or base64 where <c>payload_encoding</c> says so.</summary>
    public string? Payload { get; init; }

    [JsonPropertyName("payload_encoding")]
    public string? PayloadEncoding { get; init; }

    public string? Url { get; init; }
    public string? Method { get; init; }

    /// <summary>0 to 2.</summary>
    public required int Priority { get; init; }

    /// <summary>Seconds.</summary>
    public required int Timeout { get; init; }

    /// <summary>Seconds.</summary>
    [JsonPropertyName("idle_timeout")]
    public required int IdleTimeout { get; init; }

    /// <summary>MiB.</summary>
    [JsonPropertyName("tmpfs_size")]
    public int? TmpfsSize { get; init; }

    /// <summary>MiB.</summary>
    public required long Memory { get; init; }

    public string? Cpus { get; init; }

    /// <summary>The app's variables, the fn's over them, the system's over both.</summary>
    public SortedDictionary<string, string>? Config { get; init; }

    public JsonObject? Annotations { get; init; }

    /// <summary>Lists of values by name.</summary>
    public JsonObject? Headers { get; init; }

    [JsonPropertyName("syslog_url")]
    public string? SyslogUrl { get; init; }

    [JsonPropertyName("completed_at")]
    public DateTimeOffset? CompletedAt { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("started_at")]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>A point a second: timestamp and metrics.</summary>
    public JsonArray? Stats { get; init; }

    /// <summary>What went wrong; only with status error.</summary>
    public string? Error { get; init; }

    [JsonPropertyName("app_id")]
    public required string AppId { get; init; }

    [JsonPropertyName("app_name")]
    public required string AppName { get; init; }

    [JsonPropertyName("trigger_id")]
    public required string TriggerId { get; init; }

    [JsonPropertyName("fn_id")]
    public required string FnId { get; init; }

    /// <summary>timeout, killed, bad_exit, client_request or start_failed.</summary>
    public string? Reason { get; init; }

    /// <summary>The call that this one repeats.</summary>
    [JsonPropertyName("retry_of")]
    public string? RetryOf { get; init; }

    /// <summary>The call that repeats this one.</summary>
    [JsonPropertyName("retry_at")]
    public string? RetryAt { get; init; }

    [JsonPropertyName("max_retries")]
    public required int MaxRetries { get; init; }

    /// <summary>Seconds.</summary>
    [JsonPropertyName("retry_delay")]
    public required int RetryDelay { get; init; }

    /// <summary>1 for a call that repeats none.</summary>
    public required int Attempt { get; init; }

    /// <summary>Nanoseconds inside the function.</summary>
    [JsonPropertyName("execution_duration")]
    public long? ExecutionDuration { get; init; }

    [JsonPropertyName("trace_id")]
    public string? TraceId { get; init; }

    /// <summary>When a delayed call is queued.</summary>
    [JsonPropertyName("due_at")]
    public DateTimeOffset? DueAt { get; init; }

    [JsonPropertyName("queued_at")]
    public DateTimeOffset? QueuedAt { get; init; }

    [JsonPropertyName("callback_url")]
    public string? CallbackUrl { get; init; }

    /// <summary>What the function answered: text, or base64 where <c>result_encoding</c> says so.</summary>
    public string? Result { get; init; }

    [JsonPropertyName("result_encoding")]
    public string? ResultEncoding { get; init; }

    /// <summary>HTTP status of the answer.</summary>
    [JsonPropertyName("result_status")]
    public int? ResultStatus { get; init; }

    /// <summary>Headers of the answer: lists of values by name.</summary>
    [JsonPropertyName("result_headers")]
    public JsonObject? ResultHeaders { get; init; }

    public static CallBody Of(Call call)
    {
        var (payload, payloadEncoding) = CallText.Of(call.Payload);
        var (result, resultEncoding) = CallText.Of(call.Result);
        return new CallBody
        {
            Id = call.Id,
            Status = call.Status,
            Image = call.Spec.Image,
            Delay = call.Delay == 0 ? null : call.Delay,
            Type = call.Type,
            Payload = payload,
            PayloadEncoding = payloadEncoding,
            Url = NullIfEmpty(call.Url),
            Method = NullIfEmpty(call.Method),
            Priority = call.Priority,
            Timeout = call.Spec.Timeout,
            IdleTimeout = call.Spec.IdleTimeout,
            TmpfsSize = call.Spec.TmpfsSize == 0 ? null : call.Spec.TmpfsSize,
            Memory = call.Spec.Memory,
            Cpus = NullIfEmpty(call.Spec.Cpus.ToString()),
            Config = Variables(call.Spec),
            Annotations = FnBody.Shown(call.Spec.Annotations),
            Headers = Object(call.Headers),
            SyslogUrl = call.Spec.SyslogUrl,
            CompletedAt = call.CompletedAt,
            CreatedAt = call.CreatedAt,
            StartedAt = call.StartedAt,
            Stats = call.Stats is null ? null : JsonNode.Parse(call.Stats)!.AsArray(),
            Error = call.Error,
            AppId = call.Spec.AppId,
            AppName = call.Spec.AppName,
            TriggerId = call.TriggerId,
            FnId = call.FnId,
            Reason = call.Reason,
            RetryOf = call.RetryOf,
            RetryAt = call.RetryAt,
            MaxRetries = call.MaxRetries,
            RetryDelay = call.RetryDelay,
            Attempt = call.Attempt,
            ExecutionDuration = call.ExecutionDuration,
            TraceId = call.TraceId,
            DueAt = call.DueAt,
            QueuedAt = call.QueuedAt,
            CallbackUrl = call.CallbackUrl,
            Result = result,
            ResultEncoding = resultEncoding,
            ResultStatus = call.ResultStatus,
            ResultHeaders = call.ResultHeaders is null ? null : Object(call.ResultHeaders),
        };
    }

    private static SortedDictionary<string, string> Variables(FnSpec spec)
    {
        var config = new SortedDictionary<string, string>(spec.Config, StringComparer.Ordinal)
        {
            ["FN_MEMORY"] = $"{spec.Memory}",
            ["FN_TYPE"] = CallType.Sync,
            ["FN_FN_ID"] = spec.FnId,
            ["FN_APP_ID"] = spec.AppId,
        };
        return config;
    }

    private static JsonObject? Object(string json) => json.Length <= 2 ? null : JsonNode.Parse(json)!.AsObject();

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

/// <summary>A call that was accepted, or that repeats another.</summary>
public sealed record CallAccepted([property: JsonPropertyName("call_id")] string CallId);

/// <summary>What a function wrote during a call.</summary>
public sealed record CallLogBody([property: JsonPropertyName("call_id")] string CallId, string Log);
