using System.Text;
using System.Text.Json;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Http;

/// <summary>
/// Server-sent events of one resource, from the first or from <c>Last-Event-ID</c> on, with a comment as a sign of life,
/// until the client goes or the process stops.
/// </summary>
public sealed class EventStream(
    TimelinePosition from, TimelineFeed feed, TimeSpan heartbeat, CancellationToken stopping, Func<ResourceEvent, object>? body = null) : IResult
{
    private readonly Func<ResourceEvent, object> _body = body ?? EventBody.Of;

    public const string ContentType = "text/event-stream";

    private static readonly byte[] Heartbeat = ": heartbeat\n\n"u8.ToArray();

    /// <summary>True when the client prefers a stream to a list.</summary>
    public static bool IsWanted(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals(ContentType, StringComparison.OrdinalIgnoreCase));

    /// <summary>Where the client wants to go on; 0 at the beginning.</summary>
    /// <exception cref="ProblemException">The header is not an id of ours.</exception>
    public static long LastEventId(HttpRequest request) => request.Headers["Last-Event-ID"] switch
    {
        [] or [""] => 0,
        [var text] when long.TryParse(text, System.Globalization.NumberStyles.None, null, out var id) => id,
        _ => throw FieldErrors.One("Last-Event-ID", "'Last-Event-ID' must be the id of an event of this stream."),
    };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache";
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        using var subscription = feed.Follow(from);
        using var beat = new PeriodicTimer(heartbeat);
        try
        {
            await response.StartAsync(ending.Token);
            await WriteEventsAsync(response, subscription, beat, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The client went, or the process stops: the stream ends here.
        }
    }

    private async Task WriteEventsAsync(
        HttpResponse response, TimelineFeed.Subscription subscription, PeriodicTimer beat, CancellationToken ending)
    {
        var next = subscription.NextAsync(ending).AsTask();
        var tick = beat.WaitForNextTickAsync(ending).AsTask();
        while (true)
        {
            if (await Task.WhenAny(next, tick) == tick)
            {
                await tick;
                tick = beat.WaitForNextTickAsync(ending).AsTask();
                await response.Body.WriteAsync(Heartbeat, ending);
            }
            else
            {
                await response.Body.WriteAsync(Text(await next), ending);
                next = subscription.NextAsync(ending).AsTask();
            }

            await response.Body.FlushAsync(ending);
        }
    }

    private byte[] Text(IReadOnlyList<ResourceEvent> events)
    {
        var text = new StringBuilder();
        foreach (var line in events)
        {
            text.Append($"id: {line.Id}\nevent: {line.What}\ndata: ")
                .Append(JsonSerializer.Serialize(_body(line), JsonFormat.Options)).Append("\n\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
