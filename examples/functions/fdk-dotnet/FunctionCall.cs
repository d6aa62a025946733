using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Orchestrator.Fdk;

/// <summary>One call of a function.</summary>
/// <param name="Id">The same for a repetition of the call, so that what must happen once can.</param>
/// <param name="Deadline">When the function is killed.</param>
/// <param name="Headers">The caller's, and <c>Fn-…</c>.</param>
/// <param name="Body">What the caller sent.</param>
public sealed record FunctionCall(string Id, DateTimeOffset? Deadline, IHeaderDictionary Headers, ReadOnlyMemory<byte> Body)
{
    public string Text => Encoding.UTF8.GetString(Body.Span);
}

/// <summary>What a function answers.</summary>
public sealed record FunctionAnswer
{
    public ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = "application/octet-stream";

    /// <summary>For callers that come by an HTTP trigger; default 200.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>For callers of <c>/invoke</c> as they are; for those of a trigger, begin names with <c>Fn-Http-H-</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public static FunctionAnswer Json<T>(T value) => new() { Body = JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web), ContentType = "application/json" };

    public static FunctionAnswer Text(string text) => new() { Body = Encoding.UTF8.GetBytes(text), ContentType = "text/plain" };
}
