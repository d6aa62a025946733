using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Instances;

/// <summary>A thousand instances of one app: lists and pages of them, and a stream of events of each.</summary>
internal sealed class ListsAndWatches(InstanceHost host, Database database, Report report)
{
    private const int Count = 1_000;
    private const int Reads = 200;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var app = await host.AddAppAsync(new JsonObject { ["command"] = new JsonArray("/bin/true") }, cancellationToken);
        // Their rows alone: nothing runs of them.
        await database.ExecuteAsync(
            """
            INSERT INTO instance (correlation_id, id, app_id, instance_type, status, instance_status, version, attempt, is_placed, restarts, created_at, updated_at)
            SELECT gen_random_uuid(), nextval('instance_id'), $1, 'small', 'running', 'running', 1, 1, false, 0, now(), now() FROM generate_series(1, $2)
            """, cancellationToken, app, Count);
        var table = new Table($"{Count:N0} instances", "median ms", "p99 ms");
        var figures = new JsonObject();
        await ReadAsync("list, first page of 10", $"/api/v1/apps/{app}/instances");
        await ReadAsync("list, last page of 10", $"/api/v1/apps/{app}/instances?page={Count / 10}");
        await ReadAsync("list, a page of 500", $"/api/v1/apps/{app}/instances?page=2&per_page=500");
        await ReadAsync("running, a page of 500", $"/api/v1/apps/{app}/instances/running");
        await ReadAsync("count of running", $"/api/v1/apps/{app}/instances/running/count");
        Add($"from an update to its event, {Count:N0} watched", await WatchAsync(app, cancellationToken));
        report.Add("instances-lists", table, figures);

        async Task ReadAsync(string name, string path)
        {
            var times = new List<double>();
            for (var i = 0; i < Reads; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await host.Client.GetStringAsync(new Uri(path, UriKind.Relative), cancellationToken);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            Add(name, times);
        }

        void Add(string name, List<double> times)
        {
            table.Add(name, $"{times.Median():0.0}", $"{times.Percentile(99):0.0}");
            figures[name] = new JsonObject { ["median"] = times.Median(), ["p99"] = times.Percentile(99) };
        }
    }

    private async Task<List<double>> WatchAsync(long app, CancellationToken cancellationToken)
    {
        var ids = new List<long>();
        await using (var command = database.Source.CreateCommand("SELECT id FROM instance WHERE app_id = $1"))
        {
            command.Parameters.Add(new() { Value = app });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                ids.Add(reader.GetInt64(0));
        }

        var sent = new ConcurrentDictionary<long, long>();
        var times = new ConcurrentBag<double>();
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Count * 2 }) { BaseAddress = host.Client.BaseAddress, Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization = host.Client.DefaultRequestHeaders.Authorization;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var open = new CountdownEvent(ids.Count);
        var watches = ids.Select(id => WatchOneAsync(id)).ToList();
        await Task.Run(() => open.Wait(TimeSpan.FromMinutes(1), cancellationToken), cancellationToken);
        await Parallel.ForEachAsync(ids.Take(Reads), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (id, token) =>
        {
            sent[id] = Stopwatch.GetTimestamp();
            using var content = new StringContent("""{"nodeName":"bench"}""", Encoding.UTF8, "application/json");
            using var response = await host.Client.PatchAsync(new Uri($"/api/v1/instances/{id}", UriKind.Relative), content, token);
            response.EnsureSuccessStatusCode();
        });
        for (var wait = 0; times.Count < Reads; wait++)
        {
            if (wait > 600)
                throw new MeasurementException($"Of {Reads} events {times.Count} came.");
            await Task.Delay(100, cancellationToken);
        }

        await over.CancelAsync();
        await Task.WhenAll(watches);
        open.Dispose();
        return [.. times];

        async Task WatchOneAsync(long id)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/instances/{id}/events");
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
                using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, over.Token);
                response.EnsureSuccessStatusCode();
                using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(over.Token));
                open.Signal();
                while (await lines.ReadLineAsync(over.Token) is { } line)
                {
                    if (line is "event: noted" && sent.TryGetValue(id, out var at))
                        times.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                }
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                // Enough was seen.
            }
        }
    }
}
