using System.Text.Json.Serialization;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Http;

/// <summary>One line of a resource's timeline.</summary>
public sealed record EventBody
{
    /// <summary>Higher means later.</summary>
    public required long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What happened, such as assigned, started, completed, deleted.</summary>
    public required string What { get; init; }

    public string? From { get; init; }
    public string? To { get; init; }
    public string? Reason { get; init; }

    /// <summary>The token or the publisher that caused it.</summary>
    public string? Actor { get; init; }

    [JsonPropertyName("trace_id")]
    public string? TraceId { get; init; }

    public static EventBody Of(ResourceEvent line) => new()
    {
        Id = line.Id,
        At = line.At,
        What = line.What,
        From = line.FromState,
        To = line.ToState,
        Reason = line.Reason,
        Actor = line.Actor,
        TraceId = line.TraceId,
    };
}
