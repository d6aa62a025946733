using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Jobs;

/// <summary>What one message, or several about the same job, say about it; already valid and normal in form.</summary>
public sealed record JobChange
{
    public required JobEventKind Kind { get; init; }
    public required string Platform { get; init; }
    public required string Id { get; init; }

    /// <summary>As compared: lower case, default labels removed. Null when unknown.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>A JSON object. Null when there is nothing to keep.</summary>
    public string? Raw { get; init; }

    /// <summary>
    /// Joins two changes of one job into what both, in any order, come to: the earlier kind says what the job is, the
    /// later times win, and of two values under one key of <see cref="Raw"/> that of the later kind.
    /// </summary>
    public JobChange Merge(JobChange other)
    {
        var (early, late) = Kind <= other.Kind ? (this, other) : (other, this);
        return early with
        {
            Labels = early.Labels ?? late.Labels,
            CreatedAt = early.CreatedAt ?? late.CreatedAt,
            StartedAt = Latest(early.StartedAt, late.StartedAt),
            CompletedAt = Latest(early.CompletedAt, late.CompletedAt),
            Raw = Merge(early.Raw, late.Raw),
        };
    }

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null ? other : other is null || one >= other ? one : other;

    private static string? Merge(string? early, string? late)
    {
        if (early is null || late is null)
            return early ?? late;
        var merged = JsonNode.Parse(early)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(late)!.AsObject())
            merged[key] = value?.DeepClone();
        return merged.ToJsonString(JsonSerializerOptions.Default);
    }
}
