using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Jobs;

/// <summary>What one message, or several about the same job, say about it; already valid and normal in form.</summary>
public sealed record JobChange
{
    // A payload is as deep as a body may be, and lies one level deeper here.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 256 };

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
    /// What each key of <see cref="Raw"/> comes from, as a number: of two values under one key that of the higher rank
    /// stays, whichever comes first.
    /// </summary>
    public IReadOnlyDictionary<string, long> RawRanks
    {
        get => field ??= OwnRanks();
        private init;
    }

    /// <summary>The best guess at when the job was created, for a job of which that is not told.</summary>
    public DateTimeOffset? FirstTime
    {
        get => field ?? StartedAt ?? CompletedAt;
        private init;
    }

    /// <summary>
    /// Joins two changes of one job into what both, in any order, come to: the earlier kind says what the job is, the
    /// job is as old as the earliest time that is told, the later times win, and of two values under one key of
    /// <see cref="Raw"/> that of the later kind, or of the later event of that kind.
    /// </summary>
    public JobChange Merge(JobChange other)
    {
        var (early, late) = Kind <= other.Kind ? (this, other) : (other, this);
        var (raw, rawRanks) = MergeRaw(this, other);
        return early with
        {
            Labels = early.Labels ?? late.Labels,
            CreatedAt = Earliest(early.CreatedAt, late.CreatedAt),
            FirstTime = Earliest(early.FirstTime, late.FirstTime),
            StartedAt = Latest(early.StartedAt, late.StartedAt),
            CompletedAt = Latest(early.CompletedAt, late.CompletedAt),
            Raw = raw,
            RawRanks = rawRanks,
        };
    }

    private static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null ? other : other is null || one <= other ? one : other;

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null ? other : other is null || one >= other ? one : other;

    private static (string? Raw, Dictionary<string, long> Ranks) MergeRaw(JobChange one, JobChange other)
    {
        var ranks = new Dictionary<string, long>(StringComparer.Ordinal);
        if (one.Raw is null && other.Raw is null)
            return (null, ranks);
        var merged = new JsonObject();
        foreach (var change in (ReadOnlySpan<JobChange>)[one, other])
        {
            foreach (var (key, value) in change.Raw is null ? [] : JsonNode.Parse(change.Raw, documentOptions: Deep)!.AsObject())
            {
                var rank = change.RawRanks[key];
                if (ranks.TryGetValue(key, out var known) && known >= rank)
                    continue;
                merged[key] = value?.DeepClone();
                ranks[key] = rank;
            }
        }

        return (merged.ToJsonString(JsonSerializerOptions.Default), ranks);
    }

    private Dictionary<string, long> OwnRanks()
    {
        var ranks = new Dictionary<string, long>(StringComparer.Ordinal);
        if (Raw is null)
            return ranks;
        var rank = OwnRank(Raw);
        using var document = JsonDocument.Parse(Raw, Deep);
        foreach (var property in document.RootElement.EnumerateObject())
            ranks[property.Name] = rank;
        return ranks;
    }

    // From the highest bit: 2 of the kind, 34 of the event's time in seconds, 26 of a hash that decides between two
    // events of one kind and second.
    private long OwnRank(string raw)
    {
        var time = Kind switch
        {
            JobEventKind.Queued => CreatedAt,
            JobEventKind.Completed => CompletedAt,
            _ => StartedAt,
        };
        var seconds = Math.Clamp(time?.ToUnixTimeSeconds() ?? 0, 0, (1L << 34) - 1);
        var hash = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(raw))) & ((1L << 26) - 1);
        return ((long)Kind << 60) | (seconds << 26) | hash;
    }
}
