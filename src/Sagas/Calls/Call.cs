namespace Orchestrator.Sagas.Calls;

/// <summary>One invocation of a fn (seed: <c>Call</c>).</summary>
public sealed record Call
{
    public required string Id { get; init; }
    public required string FnId { get; init; }
    public required string Status { get; init; }
    public required string Type { get; init; }
    public required short Priority { get; init; }

    /// <summary>Seconds.</summary>
    public required int Delay { get; init; }

    public DateTimeOffset? DueAt { get; init; }
    public required int Attempt { get; init; }
    public required short MaxRetries { get; init; }

    /// <summary>Seconds.</summary>
    public required int RetryDelay { get; init; }

    public string? RetryOf { get; init; }
    public string? RetryAt { get; init; }
    public required string TriggerId { get; init; }
    public required string Url { get; init; }
    public required string Method { get; init; }

    /// <summary>See <see cref="CallHeaders"/>.</summary>
    public required string Headers { get; init; }

    public byte[]? Payload { get; init; }
    public string? CallbackUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? QueuedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Nanoseconds.</summary>
    public long? ExecutionDuration { get; init; }

    public string? Reason { get; init; }
    public string? Error { get; init; }

    /// <summary>JSON.</summary>
    public string? Stats { get; init; }

    public short? ResultStatus { get; init; }
    public string? ResultHeaders { get; init; }
    public byte[]? Result { get; init; }
    public string? TraceId { get; init; }

    /// <summary>What the fn was when the call was accepted.</summary>
    public required FnSpec Spec { get; init; }
}
