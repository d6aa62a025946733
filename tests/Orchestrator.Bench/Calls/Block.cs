using System.Diagnostics;
using System.Net.Http.Headers;
using Orchestrator.Bench.Reports;

namespace Orchestrator.Bench.Calls;

/// <summary>A closed loop of calls for a while: rate and times.</summary>
internal sealed record Block(double Rate, double P50, double P99)
{
    private static readonly byte[] Body = """{"name":"bench"}"""u8.ToArray();

    public static async Task<Block> MeasureAsync(HttpClient client, string url, int concurrency, TimeSpan length, CancellationToken cancellationToken)
    {
        var times = new List<double>[concurrency];
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async lane =>
        {
            times[lane] = [];
            while (clock.Elapsed < length)
            {
                var start = Stopwatch.GetTimestamp();
                await PostAsync(client, url, cancellationToken);
                times[lane].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }));
        var all = times.SelectMany(lane => lane).ToList();
        return new Block(all.Count / clock.Elapsed.TotalSeconds, all.Percentile(50), all.Percentile(99));
    }

    /// <exception cref="MeasurementException">It was not answered 200.</exception>
    public static async Task PostAsync(HttpClient client, string url, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Fn-Call-Id", "bench");
        request.Headers.TryAddWithoutValidation("Fn-Deadline", "2099-01-01T00:00:00Z");
        using var response = await client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new MeasurementException($"{url} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }
}
