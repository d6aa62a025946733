using System.Text.Json;
using Orchestrator.Api.Http;

namespace Orchestrator.Api.Jobs;

/// <summary>
/// Newline-delimited JSON: a line at once, one for every change, and one per heartbeat, until the client goes or the
/// process stops. A flavor that vanished gives <c>{}</c>.
/// </summary>
public sealed class PressureStream(
    string platform, string? flavor, SortedDictionary<string, long> now, PressureFeed feed, TimeSpan heartbeat, CancellationToken stopping) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/x-ndjson";
        httpContext.Response.Headers.CacheControl = "no-cache";
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        using var subscription = feed.Follow();
        using var beat = new PeriodicTimer(heartbeat);
        try
        {
            await WriteLinesAsync(httpContext.Response, subscription, beat, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The client went, or the process stops: the stream ends here.
        }
    }

    private async Task WriteLinesAsync(
        HttpResponse response, PressureFeed.Subscription subscription, PeriodicTimer beat, CancellationToken ending)
    {
        var line = Line(now);
        await WriteAsync(response, line, ending);
        var next = subscription.NextAsync(ending).AsTask();
        var tick = beat.WaitForNextTickAsync(ending).AsTask();
        while (true)
        {
            if (await Task.WhenAny(next, tick) == tick)
            {
                await tick;
                tick = beat.WaitForNextTickAsync(ending).AsTask();
                await WriteAsync(response, line, ending);
                continue;
            }

            var newest = Line((await next).Of(platform, flavor));
            next = subscription.NextAsync(ending).AsTask();
            if (newest.AsSpan().SequenceEqual(line))
                continue;
            line = newest;
            await WriteAsync(response, line, ending);
        }
    }

    private static byte[] Line(SortedDictionary<string, long> pressures) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(pressures, JsonFormat.Options), (byte)'\n'];

    private static async Task WriteAsync(HttpResponse response, byte[] line, CancellationToken ending)
    {
        await response.Body.WriteAsync(line, ending);
        await response.Body.FlushAsync(ending);
    }
}
