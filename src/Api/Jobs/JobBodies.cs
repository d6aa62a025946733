using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>A job as it is read.</summary>
public sealed record JobBody
{
    public required string Platform { get; init; }
    public required string Id { get; init; }

    /// <summary>As compared: lower case, default labels removed.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Absent while the job waits.</summary>
    [JsonPropertyName("started_at")]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Absent while the job is not done.</summary>
    [JsonPropertyName("completed_at")]
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>What the platform said about the job, by the name of its event.</summary>
    public required JsonElement Raw { get; init; }

    /// <summary>Absent while no flavor fits.</summary>
    [JsonPropertyName("assigned_flavor")]
    public string? AssignedFlavor { get; init; }

    /// <summary>The trace that brought the job in.</summary>
    [JsonPropertyName("trace_id")]
    public string? TraceId { get; init; }

    public static JobBody Of(Job job) => new()
    {
        Platform = job.Platform,
        Id = job.Id,
        Labels = job.Labels,
        CreatedAt = job.CreatedAt,
        StartedAt = job.StartedAt,
        CompletedAt = job.CompletedAt,
        Raw = job.Raw,
        AssignedFlavor = job.AssignedFlavor,
        TraceId = job.TraceId,
    };
}

/// <summary>A job to be added.</summary>
public sealed record JobRequest
{
    /// <summary>The platform's own id of the job, 1 to 200 characters.</summary>
    public string? Id { get; init; }

    /// <summary>What the machine must offer. Default: none, which every flavor fits.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>When the platform created it. Default: now.</summary>
    [JsonPropertyName("created_at")]
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>A JSON object that is kept with the job.</summary>
    public JsonElement? Raw { get; init; }
}

/// <summary>What to note about a job; a time can be set once.</summary>
public sealed record JobPatch
{
    [JsonPropertyName("started_at")]
    public DateTimeOffset? StartedAt { get; init; }

    [JsonPropertyName("completed_at")]
    public DateTimeOffset? CompletedAt { get; init; }
}
