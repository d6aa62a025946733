using System.Diagnostics;
using System.Net;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>Sends deliveries through <c>/webhook</c>, several at a time, and again when the API could not keep one.</summary>
internal sealed class DeliverySender(JobsClient api)
{
    private const int AtOnce = 8;
    private const int Attempts = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly List<TimeSpan> _times = [];
    private readonly List<HttpStatusCode> _refusals = [];
    private int _sent;

    /// <summary>How long each accepted delivery took, as the sender saw it.</summary>
    public IReadOnlyList<TimeSpan> Times => _times;

    /// <summary>The answers other than 200 to deliveries that were given up.</summary>
    public IReadOnlyList<HttpStatusCode> Refusals => _refusals;

    public Task SendAsync(IReadOnlyList<Delivery> deliveries, Action<int> progress, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(deliveries, parallel, async (delivery, token) =>
        {
            var (status, took) = await SendAsync(delivery, token);
            lock (_times)
            {
                if (status == HttpStatusCode.OK)
                    _times.Add(took);
                else
                    _refusals.Add(status);
                progress(++_sent);
            }
        });
    }

    private async Task<(HttpStatusCode Status, TimeSpan Took)> SendAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            var since = Stopwatch.GetTimestamp();
            var status = await TryAsync(delivery, cancellationToken);
            if (status != HttpStatusCode.ServiceUnavailable || attempt == Attempts)
                return (status, Stopwatch.GetElapsedTime(since));
            await Task.Delay(pause, cancellationToken);
            pause *= 2;
        }
    }

    private async Task<HttpStatusCode> TryAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            return await api.DeliverAsync(delivery, cancellationToken);
        }
        catch (HttpRequestException)
        {
            return HttpStatusCode.ServiceUnavailable; // The API is away for a moment.
        }
    }
}
