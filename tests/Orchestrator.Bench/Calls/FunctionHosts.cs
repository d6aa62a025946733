using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Calls;

/// <summary>Our hosts with a database of their own and the function deployed.</summary>
internal sealed class FunctionHosts : IAsyncDisposable
{
    private const int Callers = 32;

    private readonly List<HostProcess> _hosts = [];
    private CallsBenchmark _benchmark = null!;
    private Database _database = null!;
    private string _appId = "";

    public HttpClient Client => _hosts[0].Client;

    public string InvokeUrl { get; private set; } = "";

    public static async Task<FunctionHosts> StartAsync(CallsBenchmark benchmark, int workers, CancellationToken cancellationToken)
    {
        var hosts = new FunctionHosts { _benchmark = benchmark };
        var (database, amqp) = await benchmark.PlaceAsync("calls", cancellationToken);
        hosts._database = database;
        await HostProcess.MigrateAsync(database, amqp, cancellationToken);
        hosts._hosts.Add(await HostProcess.StartAsync(
            Checkout.Host("Orchestrator.Api"), database, amqp, [.. benchmark.Settings, ("Host__Role", workers == 0 ? "all" : "api")], cancellationToken));
        for (var i = 0; i < workers; i++)
            hosts._hosts.Add(await HostProcess.StartAsync(Checkout.Host("Orchestrator.Workers"), database, amqp, benchmark.Settings, cancellationToken));
        hosts._appId = (await hosts.PostAsync("/v2/apps", new JsonObject { ["name"] = "bench" }, cancellationToken))["id"]!.ToString();
        hosts.InvokeUrl = await hosts.DeployAsync("noop", cancellationToken);
        await Block.PostAsync(hosts.Client, hosts.InvokeUrl, cancellationToken);
        return hosts;
    }

    /// <summary>Deploys the function under a name and gives the address to invoke it at.</summary>
    public async Task<string> DeployAsync(string name, CancellationToken cancellationToken)
    {
        var fn = await PostAsync("/v2/fns", new JsonObject { ["name"] = name, ["app_id"] = _appId, ["image"] = BenchFunctions.Image }, cancellationToken);
        return $"/invoke/{fn["id"]}";
    }

    /// <summary>Calls per second from the first that is sent until the last has succeeded.</summary>
    public async Task<double> AcceptAndExecuteAsync(int calls, CancellationToken cancellationToken)
    {
        var before = await CountAsync(cancellationToken);
        var cpu = Cpu();
        var clock = Stopwatch.StartNew();
        var sent = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            while (Interlocked.Increment(ref sent) <= calls)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, InvokeUrl) { Content = new StringContent("""{"name":"bench"}""", Encoding.UTF8, "application/json") };
                request.Headers.TryAddWithoutValidation("Fn-Invoke-Type", "async");
                using var response = await Client.SendAsync(request, cancellationToken);
                if ((int)response.StatusCode != 202)
                    throw new MeasurementException($"An asynchronous call was answered {(int)response.StatusCode}.");
            }
        }));
        var accepted = clock.Elapsed;
        while (await CountAsync(cancellationToken) < before + calls)
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(10))
                throw new MeasurementException("The calls did not end.");
            // Counting reads the whole table: seldom, so that it costs nothing that counts.
            await Task.Delay(100, cancellationToken);
        }

        var rate = calls / clock.Elapsed.TotalSeconds;
        Reports.Report.Say($"{calls:N0} calls: accepted in {accepted.TotalSeconds:0.0} s, executed in {clock.Elapsed.TotalSeconds:0.0} s");
        Reports.Report.Say($"  processor time per call: {string.Join(", ", Cpu().Zip(cpu, (after, then) => $"{after.Name} {(after.Seconds - then.Seconds) * 1e6 / calls:0} µs"))}");
        return rate;
    }

    private List<(string Name, double Seconds)> Cpu()
    {
        var hosts = _hosts.Sum(host => ProcessCpu.Alone(host.Pid));
        return
        [
            ("callers", ProcessCpu.Own()), ("hosts", hosts), ("functions", _hosts.Sum(host => ProcessCpu.Of(host.Pid)) - hosts),
            ("Postgres", ProcessCpu.Of(_benchmark.PostgresPid)), ("RabbitMQ", ProcessCpu.Of(_benchmark.RabbitMqPid)),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        await using var command = _database.Source.CreateCommand("SELECT count(*) FROM call WHERE type = 'async' AND status = 'success'");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        using var response = await Client.PostAsync(path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new MeasurementException($"{path} answered {(int)response.StatusCode}: {text}");
    }
}
