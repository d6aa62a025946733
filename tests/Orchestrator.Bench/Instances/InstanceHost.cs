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

    /// <summary>Makes one and waits until it runs; milliseconds from the request on.</summary>
    /// <exception cref="MeasurementException">It does not run.</exception>
    public async Task<double> StartOneAsync(long app, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var instance = await PostAsync($"/api/v1/apps/{app}/instances", new JsonObject { ["instanceType"] = "small" }, cancellationToken, ("Prefer", "wait=60"));
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return instance["status"]!.GetValue<string>() is "running" ? elapsed : throw new MeasurementException($"An instance does not run: {instance.ToJsonString()}");
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

    public async Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Client.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new MeasurementException($"POST {path} was answered {(int)response.StatusCode}: {text}");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
