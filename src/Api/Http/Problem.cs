using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Orchestrator.Api.Clones;

namespace Orchestrator.Api.Http;

/// <summary>
/// An error as it is answered: RFC 9457 problem details with <c>code</c>, <c>hint</c>, <c>message</c>, <c>traceId</c>
/// and, where fields are wrong, <c>errors</c>. On the routes of the original function server it is a <see cref="MessageForm"/>,
/// on those of clones a <see cref="CloneErrorForm"/>.
/// </summary>
/// <param name="Kind">What sort of error it is.</param>
/// <param name="Detail">What is wrong this time.</param>
public sealed record Problem(ErrorKind Kind, string Detail) : IResult
{
    public const string ContentType = "application/problem+json";

    /// <summary>What is wrong with each field, by the name that the client wrote.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }

    /// <summary>Headers that go with it, such as <c>Retry-After</c>.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The state that the resource is in, where the request does not fit it; members of the body by name.</summary>
    public IReadOnlyDictionary<string, object?> Current { get; init; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    public Problem WithHeader(string name, string value) => this with { Headers = [.. Headers, (name, value)] };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Kind.Status;
        foreach (var (name, value) in Headers)
            response.Headers[name] = value;
        var (contentType, body) = httpContext.Request.Path switch
        {
            var path when MessageForm.Applies(path) => (MessageForm.ContentType, MessageForm.Write(Detail)),
            var path when CloneErrorForm.Applies(path) => (CloneErrorForm.ContentType, CloneErrorForm.Write(this)),
            _ => (ContentType, Write(Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier)),
        };
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Write(string? traceId)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, JsonFormat.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("type", Kind.Type);
            writer.WriteString("title", Kind.Title);
            writer.WriteNumber("status", Kind.Status);
            writer.WriteString("detail", Detail);
            writer.WriteString("code", Kind.Code);
            writer.WriteString("hint", Kind.Hint);
            writer.WriteString("message", Detail);
            if (traceId is not null)
                writer.WriteString("traceId", traceId);
            if (Errors is not null)
            {
                writer.WritePropertyName("errors");
                JsonSerializer.Serialize(writer, Errors, JsonFormat.Options);
            }

            if (Current.Count > 0)
            {
                writer.WritePropertyName("current");
                JsonSerializer.Serialize(writer, Current, JsonFormat.Options);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}

/// <summary>Ends a request with a problem, from wherever it is noticed.</summary>
public sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
