using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Persistence.DeadLetters;

namespace Orchestrator.Api.DeadLetters;

/// <summary>What dead letters there are: by queue, and the messages themselves, the oldest first.</summary>
public sealed record DeadLetterOverview(
    IReadOnlyList<DeadLetterQueueBody> Queues,
    IReadOnlyList<DeadLetterBody> Items,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>A page of the dead letters of one queue, the oldest first.</summary>
public sealed record DeadLetterPage(
    IReadOnlyList<DeadLetterBody> Items,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

public sealed record DeadLetterQueueBody(string Queue, long Count, DateTimeOffset Oldest);

/// <summary>A message that could not be handled.</summary>
public record DeadLetterBody
{
    private const int PreviewLength = 512;

    public required Guid Id { get; init; }

    /// <summary>Where it came from, and goes back to when it is replayed.</summary>
    public required string Queue { get; init; }

    /// <summary>Why it could not be handled, beginning with a code.</summary>
    public required string Reason { get; init; }

    public string? ErrorType { get; init; }
    public string? MessageId { get; init; }
    public required DateTimeOffset FirstSeen { get; init; }
    public string? TraceId { get; init; }
    public string? ContentType { get; init; }

    /// <summary>The message's headers; credentials are not among them.</summary>
    public required JsonElement Headers { get; init; }

    /// <summary>At most the first 512 characters of the body, as UTF-8.</summary>
    public required string BodyPreview { get; init; }

    /// <summary>Length of the body in bytes.</summary>
    public required int Size { get; init; }

    public static DeadLetterBody Of(DeadLetterEntry entry) => new()
    {
        Id = entry.Letter.Id,
        Queue = entry.Letter.Queue,
        Reason = entry.Letter.Reason,
        ErrorType = entry.Letter.ErrorType,
        MessageId = entry.Letter.MessageId,
        FirstSeen = entry.Letter.FirstSeen,
        TraceId = entry.Letter.TraceId,
        ContentType = entry.Letter.ContentType,
        Headers = JsonElement.Parse(entry.Letter.Headers),
        BodyPreview = Preview(entry.Letter.Body),
        Size = entry.Size,
    };

    private static string Preview(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        return text.Length <= PreviewLength ? text : text[..(char.IsHighSurrogate(text[PreviewLength - 1]) ? PreviewLength - 1 : PreviewLength)];
    }
}

/// <summary>A dead letter with its whole body.</summary>
/// <param name="Letter">The message as it is listed.</param>
/// <param name="Body">The body as text, where it is valid UTF-8.</param>
/// <param name="BodyBase64">The body's bytes, where it is not.</param>
public sealed record DeadLetterDetail(DeadLetterBody Letter, string? Body, string? BodyBase64);

/// <summary>Which dead letters of a queue; without a body all are meant.</summary>
public sealed record DeadLetterSelection
{
    public IReadOnlyList<Guid>? Ids { get; init; }
}

public sealed record Replayed(int Count);

public sealed record Deleted(int Count);
