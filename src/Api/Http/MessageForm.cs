using System.Buffers;
using System.Text.Json;

namespace Orchestrator.Api.Http;

/// <summary>
/// Errors on the routes of the original function server: <c>{"message":"..."}</c> and a line break, as
/// <c>application/json</c>. Its clients read no other form.
/// </summary>
public static class MessageForm
{
    public const string ContentType = "application/json; charset=utf-8";

    /// <summary>True for an address below <c>/v2</c>, <c>/invoke</c> or <c>/t</c>.</summary>
    public static bool Applies(PathString path) =>
        path.StartsWithSegments("/v2", StringComparison.Ordinal)
        || path.StartsWithSegments("/invoke", StringComparison.Ordinal)
        || path.StartsWithSegments("/t", StringComparison.Ordinal);

    public static ReadOnlyMemory<byte> Write(string message)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer, JsonFormat.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("message", message);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    /// <summary>What is said of an address that does not exist, or not with this method.</summary>
    public static string? Detail(HttpRequest request, int status) => status switch
    {
        404 when request.Path.StartsWithSegments("/v2/fns//calls", StringComparison.Ordinal) => Sagas.Calls.FnErrors.MissingFnId.Message,
        404 => $"Path not found: {request.Method} {request.Path}",
        405 => $"Method not allowed: {request.Method} {request.Path}",
        _ => null,
    };
}
