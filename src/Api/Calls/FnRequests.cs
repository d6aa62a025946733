using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Calls;

/// <summary>What the routes of the original function server have in common: bodies, pages, answers.</summary>
public sealed class FnRequests(IdempotentWrites writes, CallSignals signals, IOptions<CallsOptions> options)
{
    private const int DefaultPage = 30;
    private const int MaxPage = 100;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The JSON object that the body must be, whatever its content type says.</summary>
    /// <exception cref="FnException">It is another.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext http)
        where T : class
    {
        var bytes = await RequestBody.ReadBytesAsync(http);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes.Span, FnJson.Options) ?? throw new FnException(FnErrors.InvalidJson);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new FnException(FnErrors.InvalidJson);
        }
    }

    /// <summary>Entries of a page: 30 unless said otherwise, at most 100; what is no number counts as nothing said.</summary>
    public static int PageSize(HttpRequest request) =>
        int.TryParse(request.Query["per_page"], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var size) && size > 0
            ? Math.Min(size, MaxPage)
            : DefaultPage;

    /// <summary>What the cursor names; empty at the beginning.</summary>
    /// <exception cref="FnException">It is no cursor.</exception>
    public static string After(HttpRequest request)
    {
        var cursor = request.Query["cursor"].ToString();
        if (cursor.Length == 0)
            return "";
        try
        {
            var text = Strict.GetString(Base64Url.DecodeFromChars(cursor));
            return text.Contains('\0', StringComparison.Ordinal) ? throw new FnException(FnErrors.InvalidCursor) : text;
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            throw new FnException(FnErrors.InvalidCursor);
        }
    }

    /// <summary>A page, with a cursor when it is full.</summary>
    public static IResult Page<T>(IReadOnlyList<T> items, int size, Func<T, string> place) => Ok(new FnList<T>(
        items.Count == size ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place(items[^1]))) : null, items));

    public static IResult Ok<T>(T body) => Results.Json(body, FnJson.Options);

    /// <summary>Where callers reach us, without a slash at the end.</summary>
    public string BaseUrl(HttpRequest request) =>
        options.Value.PublicUrl?.ToString().TrimEnd('/') ?? $"{request.Scheme}://{request.Host}";

    /// <summary>Runs a change, commits it, and forgets what this process remembers of fns.</summary>
    public async Task<IResult> ChangeAsync<T>(HttpContext http, Func<DurableTransaction, Task<T>> change, Func<T, object?> show)
    {
        var result = await writes.RunAsync(http, async transaction =>
        {
            try
            {
                var body = show(await change(transaction));
                return body is null ? new Answer(StatusCodes.Status204NoContent) : AnswerOf(StatusCodes.Status200OK, body);
            }
            catch (FnException refused)
            {
                return Refused(refused.Error);
            }
        });
        signals.ForgetFns();
        return result;
    }

    /// <summary>Runs what changes calls, and commits it.</summary>
    public Task<IResult> WriteAsync(HttpContext http, Func<DurableTransaction, Task> change, Func<object> show, int status, string? location = null) =>
        writes.RunAsync(http, async transaction =>
        {
            try
            {
                await change(transaction);
                var answer = AnswerOf(status, show());
                return location is null ? answer : answer with { Headers = new Dictionary<string, string>(answer.Headers, StringComparer.Ordinal) { ["Location"] = location } };
            }
            catch (FnException refused)
            {
                return Refused(refused.Error);
            }
        });

    /// <summary>An answer that can be kept and given again.</summary>
    public static Answer AnswerOf(int status, object body) => new(status)
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Content-Type"] = MessageForm.ContentType },
        Body = JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), FnJson.Options),
    };

    /// <inheritdoc cref="AnswerOf"/>
    public static Answer Refused(FnError error) => new(error.Status)
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Content-Type"] = MessageForm.ContentType },
        Body = MessageForm.Write(error.Message).ToArray(),
    };
}
