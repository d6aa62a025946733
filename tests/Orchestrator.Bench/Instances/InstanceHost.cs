using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Instances;

/// <summary>API and node in one process, with more room than the benchmark needs.</summary>
internal sealed class InstanceHost(HostProcess host, Database database) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public HttpClient Client => host.Client;

    public int Pid => host.Pid;

    public static async Task<InstanceHost> StartAsync(TestStand stand, CancellationToken cancellationToken, params IEnumerable<(string Key, string Value)> settings)
    {
        var host = await stand.StartHostAsync(
            "Orchestrator.Api", stand.Few, cancellationToken,
            [("Host__Role", "all"), ("Node__MilliCpus", "10000000"), ("Node__MemoryMiB", "100000000"), ("Node__DiskMiB", "100000000"), .. settings]);
        return new InstanceHost(host, stand.Few);
    }

    /// <summary>An app of a name of its own; gives its id.</summary>
    public async Task<long> AddAppAsync(JsonObject app, CancellationToken cancellationToken)
    {
        app["name"] = $"bench-{Guid.CreateVersion7():N}";
        app["graceSeconds"] = 0;
        app["restartPolicy"] = new JsonObject { ["mode"] = "no" };
        return (await PostAsync("/api/v1/apps", app, cancellationToken))["id"]!.GetValue<long>();
    }

    /// <summary>Makes one; milliseconds from the request until it is committed that it runs.</summary>
    /// <exception cref="MeasurementException">It does not run.</exception>
    public async Task<double> StartOneAsync(long app, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var id = (await PostAsync($"/api/v1/apps/{app}/instances", new JsonObject { ["instanceType"] = "small" }, cancellationToken))["id"]!.GetValue<long>();
        while (await database.ScalarAsync<string>("SELECT status FROM instance WHERE id = $1", cancellationToken, id) is var status && status is not "running")
        {
            if (status is not "provisioning" || Stopwatch.GetElapsedTime(start) > Patience)
                throw new MeasurementException($"Instance {id} is {status}.");
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Makes many by some requests at once; how many a second came to run, from the first request until all do.</summary>
    /// <exception cref="MeasurementException">Not all of them run.</exception>
    public async Task<double> StartManyAsync(long app, int count, int lanes, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = lanes, CancellationToken = cancellationToken }, async (_, token) =>
            await PostAsync($"/api/v1/apps/{app}/instances", new JsonObject { ["instanceType"] = "small" }, token));
        while (await database.ScalarAsync<long>("SELECT count(*) FROM instance WHERE app_id = $1 AND status = 'running'", cancellationToken, app) < count)
        {
            if (clock.Elapsed > Patience)
                throw new MeasurementException($"Not all of {count} instances run.");
            await Task.Delay(5, cancellationToken);
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    public async Task EndAllAsync(long app, CancellationToken cancellationToken)
    {
        await PostAsync($"/api/v1/apps/{app}/instances/terminate", [], cancellationToken);
        var since = Stopwatch.GetTimestamp();
        while (await database.ScalarAsync<long>("SELECT count(*) FROM placement WHERE app_id = $1", cancellationToken, app) > 0)
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
                throw new MeasurementException($"Instances of app {app} do not end.");
            await Task.Delay(20, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private async Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await Client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new MeasurementException($"POST {path} was answered {(int)response.StatusCode}: {text}");
    }
}
