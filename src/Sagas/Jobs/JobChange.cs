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

    /// <summary>Which kind each key of <see cref="Raw"/> comes from. Null when that is <see cref="Kind"/> for all.</summary>
    public IReadOnlyDictionary<string, JobEventKind>? RawKinds { get; init; }

    /// <summary>
    /// Joins two changes of one job into what both, in any order, come to: the earlier kind says what the job is, the
    /// job is as old as the earliest time that is told, the later times win, and of two values under one key of
    /// <see cref="Raw"/> that of the later kind.
    /// </summary>
    public JobChange Merge(JobChange other)
    {
        var (early, late) = Kind <= other.Kind ? (this, other) : (other, this);
        var (raw, rawKinds) = MergeRaw(this, other);
        return early with
        {
            Labels = early.Labels ?? late.Labels,
            CreatedAt = Earliest(early.FirstTime, late.FirstTime),
            StartedAt = Latest(early.StartedAt, late.StartedAt),
            CompletedAt = Latest(early.CompletedAt, late.CompletedAt),
            Raw = raw,
            RawKinds = rawKinds,
        };
    }

    private DateTimeOffset? FirstTime => CreatedAt ?? StartedAt ?? CompletedAt;

    private static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null ? other : other is null || one <= other ? one : other;

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null ? other : other is null || one >= other ? one : other;

    private static (string? Raw, IReadOnlyDictionary<string, JobEventKind>? Kinds) MergeRaw(JobChange one, JobChange other)
    {
        if (one.Raw is null && other.Raw is null)
            return (null, null);
        var merged = new JsonObject();
        var kinds = new Dictionary<string, JobEventKind>(StringComparer.Ordinal);
        foreach (var change in (ReadOnlySpan<JobChange>)[one, other])
        {
            foreach (var (key, value) in change.Raw is null ? [] : JsonNode.Parse(change.Raw)!.AsObject())
            {
                var kind = change.RawKinds is null ? change.Kind : change.RawKinds[key];
                if (kinds.TryGetValue(key, out var known) && known > kind)
                    continue;
                merged[key] = value?.DeepClone();
                kinds[key] = kind;
            }
        }

        return (merged.ToJsonString(JsonSerializerOptions.Default), kinds);
    }
}
