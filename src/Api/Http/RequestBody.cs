using System.Net.Http.Headers;
using System.Text.Json;

namespace Orchestrator.Api.Http;

/// <summary>Reads request bodies: bounded, once, and with errors that say where and what.</summary>
public static class RequestBody
{
    public const int MaxBytes = 1024 * 1024;

    /// <summary>What <c>curl -d</c> says unasked. The original planner looks at no type, and its callers rely on that.</summary>
    private const string CurlDefault = "application/x-www-form-urlencoded";

    /// <summary>The bytes, kept for whoever asks again.</summary>
    /// <exception cref="ProblemException">They are too many.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpContext http)
    {
        if (http.Features.Get<Buffered>() is { } buffered)
            return buffered.Bytes;
        var bytes = await ReadAsync(http.Request, http.RequestAborted)
            ?? throw new ProblemException(Errors.BodyTooLarge.Because($"body length exceeds limit of {MaxBytes} bytes"));
        http.Features.Set(new Buffered(bytes));
        return bytes;
    }

    /// <summary>Keeps bytes that were read by other means, for whoever asks later.</summary>
    public static void Keep(HttpContext http, byte[] bytes) => http.Features.Set(new Buffered(bytes));

    /// <summary>The bytes, or null when there are more than <see cref="MaxBytes"/>.</summary>
    public static Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancellationToken) => ReadAsync(request, MaxBytes, cancellationToken);

    /// <summary>The bytes, or null when there are more than allowed.</summary>
    public static async Task<byte[]?> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
            return null;
        if (request.ContentLength is 0)
            return [];
        using var buffer = new MemoryStream((int)(request.ContentLength ?? 1024));
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > maxBytes)
                return null;
        }

        return buffer.ToArray();
    }

    /// <summary>The JSON object that the body must be.</summary>
    /// <exception cref="ProblemException">It is another.</exception>
    public static async Task<T> ReadJsonAsync<T>(HttpContext http)
        where T : class =>
        await ReadOptionalJsonAsync<T>(http)
        ?? throw new ProblemException(Errors.MalformedJson.Because("The body is empty; a JSON object is expected."));

    /// <summary>The JSON object that the body is, or null when there is no body.</summary>
    /// <exception cref="ProblemException">It is something else.</exception>
    public static async Task<T?> ReadOptionalJsonAsync<T>(HttpContext http)
        where T : class
    {
        var isJson = IsJson(http.Request.ContentType);
        var bytes = await ReadBytesAsync(http);
        if (bytes.Length == 0)
            return null;
        if (!isJson)
            throw new ProblemException(Errors.UnsupportedMediaType.Because($"Content type '{http.Request.ContentType}' is not application/json in UTF-8."));
        var json = bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
        try
        {
            return JsonSerializer.Deserialize<T>(json.Span, JsonFormat.Options)
                ?? throw new ProblemException(Errors.MalformedJson.Because("The body is null; a JSON object is expected."));
        }
        catch (JsonException exception)
        {
            throw new ProblemException(JsonProblem.Of<T>(exception));
        }
    }

    // A client that names no type means JSON: there is nothing else to mean.
    private static bool IsJson(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType))
            return true;
        return MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType is { } media
            && (media.Equals("application/json", StringComparison.OrdinalIgnoreCase)
                || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase)
                || media.Equals(CurlDefault, StringComparison.OrdinalIgnoreCase))
            && (type.CharSet is null || type.CharSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }

    private sealed record Buffered(byte[] Bytes);
}
