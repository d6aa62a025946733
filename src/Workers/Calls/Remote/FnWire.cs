using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls.Remote;

/// <summary>
/// How an invocation travels between an API and a worker: four bytes of length, so many bytes of JSON, then the body as it
/// is. Private to processes of one version: during an update the queue's name tells versions apart.
/// </summary>
internal static class FnWire
{
    /// <summary>Where workers take invocations from. Its messages live for their placement budget only.</summary>
    public const string Queue = "orchestrator-run-fn";

    public static byte[] Write<THead>(THead head, ReadOnlyMemory<byte> body)
    {
        var buffer = new ArrayBufferWriter<byte>(512 + body.Length);
        buffer.Write<byte>([0, 0, 0, 0]);
        using (var writer = new Utf8JsonWriter(buffer))
            JsonSerializer.Serialize(writer, head, FnJson.Options);
        var length = buffer.WrittenCount - 4;
        buffer.Write(body.Span);
        var bytes = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        return bytes;
    }

    /// <exception cref="JsonException">It is no message of ours.</exception>
    public static (THead Head, ReadOnlyMemory<byte> Body) Read<THead>(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(bytes.Span) is var length && (length < 0 || length > bytes.Length - 4))
            throw new JsonException("The message is cut off.");
        length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
        var head = JsonSerializer.Deserialize<THead>(bytes.Span.Slice(4, length), FnJson.Options) ?? throw new JsonException("The message is empty.");
        return (head, bytes[(4 + length)..]);
    }
}

/// <summary>An invocation on its way to a worker.</summary>
internal sealed record FnRequestHead
{
    public required string Id { get; init; }
    public required string FnId { get; init; }

    /// <summary>True: answer when execution has begun.</summary>
    public required bool IsDetached { get; init; }

    public required string[][] Headers { get; init; }
    public required string TriggerId { get; init; }
    public required string Url { get; init; }
    public required string Method { get; init; }
    public string? CallbackUrl { get; init; }
    public required long CreatedAt { get; init; }
    public required string Actor { get; init; }
    public string? TraceParent { get; init; }
    public string? TraceId { get; init; }

    public static FnRequestHead Of(FnCall call, bool isDetached) => new()
    {
        Id = call.Id,
        FnId = call.Fn.Spec.FnId,
        IsDetached = isDetached,
        Headers = Pairs.Write(call.Headers),
        TriggerId = call.TriggerId,
        Url = call.Url,
        Method = call.Method,
        CallbackUrl = call.CallbackUrl,
        CreatedAt = call.CreatedAt.ToUnixTimeMilliseconds(),
        Actor = call.Actor,
        TraceParent = call.TraceParent,
        TraceId = call.TraceId,
    };

    public FnCall ToCall(FnEntry fn, ReadOnlyMemory<byte> body) => new()
    {
        Id = Id,
        Fn = fn,
        Headers = Pairs.Read(Headers),
        Body = body,
        TriggerId = TriggerId,
        Url = Url,
        Method = Method,
        CallbackUrl = CallbackUrl,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt),
        Actor = Actor,
        TraceParent = TraceParent,
        TraceId = TraceId,
    };
}

/// <summary>What became of an invocation, on its way back.</summary>
internal sealed record FnReplyHead
{
    /// <summary>True: a detached call has begun.</summary>
    public bool HasBegun { get; init; }

    /// <summary>Name of an <see cref="InvocationFailure"/>; null on success.</summary>
    public string? Failure { get; init; }

    public string? Message { get; init; }
    public int Status { get; init; }
    public string[][] Headers { get; init; } = [];

    public static FnReplyHead Of(InvocationOutcome outcome) => new()
    {
        Failure = outcome.Failure?.ToString(),
        Message = outcome.Message,
        Status = outcome.Status,
        Headers = Pairs.Write(outcome.Headers),
    };

    public InvocationOutcome ToOutcome(ReadOnlyMemory<byte> body) => new()
    {
        Failure = Failure is null ? null : Enum.Parse<InvocationFailure>(Failure),
        Message = Message,
        Status = Status,
        Headers = Pairs.Read(Headers),
        Body = body,
    };
}

/// <summary>Headers as lists of two.</summary>
internal static class Pairs
{
    public static string[][] Write(IReadOnlyList<KeyValuePair<string, string>> headers) => [.. headers.Select(header => (string[])[header.Key, header.Value])];

    public static KeyValuePair<string, string>[] Read(string[][] pairs) => [.. pairs.Select(pair => new KeyValuePair<string, string>(pair[0], pair[1]))];
}
