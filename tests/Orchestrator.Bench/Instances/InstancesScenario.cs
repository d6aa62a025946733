using System.Diagnostics;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Instances;

/// <summary>
/// Instances: from the request until one runs, and how many a second, against the same program as a bare child and against
/// the Docker engine's own create and start; a thousand of them listed, paged and watched; what a look of the controller costs.
/// </summary>
public sealed class InstancesScenario(TestStand stand, BenchOptions options, Report report)
{
    private const int Lanes = 16;
    private const string Server = "require('net').createServer(s => s.destroy()).listen(process.env.PORT, '127.0.0.1')";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var table = new Table("Instances", "bare ms", "ours ms", "ours : bare", "bare/s", "ours/s", "bare : ours");
        var figures = new JsonObject();
        var gates = new List<Gate>();
        await using (var host = await InstanceHost.StartAsync(stand, cancellationToken))
        {
            await ProcessesAsync("sleep", ["/bin/sleep", "3000"], listens: false, options.Starts);
            var node = Binaries.Find("node") ?? throw new MeasurementException("node is not installed.");
            await ProcessesAsync("node server", [node, "-e", Server], listens: true, options.Starts / 4);

            async Task ProcessesAsync(string name, string[] command, bool listens, int starts)
            {
                var app = await host.AddAppAsync(AppOf(command, listens), cancellationToken);
                var pair = await CompareAsync(
                    host, app, starts, async () => (IDisposable)await BareSpawn.StartAsync(command, listens, cancellationToken), bare =>
                    {
                        bare.Dispose();
                        return Task.CompletedTask;
                    }, cancellationToken);
                Add(name, "bare spawn", pair, 3);
            }

            await new ListsAndWatches(host, stand.Few, report).RunAsync(cancellationToken);
        }

        await DockerAsync();
        report.Add("instances", table, figures, gates);
        await new ControllerLook(stand, options, report).RunAsync(cancellationToken);

        async Task DockerAsync()
        {
            try
            {
                await using var engine = await EngineProcess.StartAsync(cancellationToken);
                await using var host = await InstanceHost.StartAsync(stand, cancellationToken, ("Runtimes__Kind", "docker"), ("Runtimes__DockerSocket", engine.Socket));
                string[] command = ["sleep", "3000"];
                var app = await host.AddAppAsync(new JsonObject { ["image"] = EngineProcess.Image, ["command"] = Words(command) }, cancellationToken);
                var pair = await CompareAsync(
                    host, app, options.Starts / 4, () => engine.StartOneAsync(command, cancellationToken), id => engine.RemoveAsync(id, cancellationToken), cancellationToken);
                Add("docker", "create + start", pair, 1.2);
            }
            catch (MeasurementException exception)
            {
                Report.Say($"docker is left out: {exception.Message}");
                figures["docker"] = exception.Message;
            }
        }

        void Add(string name, string mark, (double Bare, double Ours, double BareRate, double OurRate) pair, double aim)
        {
            table.Add(
                name, $"{pair.Bare:0.0}", $"{pair.Ours:0.0}", $"{pair.Ours / pair.Bare:0.00}", $"{pair.BareRate:0}", $"{pair.OurRate:0}", $"{pair.BareRate / pair.OurRate:0.00}");
            figures[name] = new JsonObject { ["bare"] = pair.Bare, ["ours"] = pair.Ours, ["bareRate"] = pair.BareRate, ["ourRate"] = pair.OurRate };
            gates.Add(new Gate($"{name}: time to running : {mark}", pair.Ours / pair.Bare, aim, IsUpper: true, IsGate: false));
            gates.Add(new Gate($"{name}: {mark} a second : provisions a second", pair.BareRate / pair.OurRate, aim, IsUpper: true, IsGate: false));
        }
    }

    // One at a time, the two sides in turns; then many at once, first they and then we.
    private static async Task<(double Bare, double Ours, double BareRate, double OurRate)> CompareAsync<T>(
        InstanceHost host, long app, int starts, Func<Task<T>> start, Func<T, Task> end, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 5; i++)
        {
            await end(await start());
            await host.StartOneAsync(app, cancellationToken);
        }

        var (bare, ours) = (new List<double>(), new List<double>());
        for (var i = 0; i < starts; i++)
        {
            var clock = Stopwatch.GetTimestamp();
            var one = await start();
            bare.Add(Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
            await end(one);
            ours.Add(await host.StartOneAsync(app, cancellationToken));
        }

        await host.EndAllAsync(app, cancellationToken);
        var started = new System.Collections.Concurrent.ConcurrentBag<T>();
        var bareRate = await RateAsync(starts, async () => started.Add(await start()));
        await Task.WhenAll(started.Select(end));
        var ourRate = await host.StartManyAsync(app, starts, Lanes, cancellationToken);
        await host.EndAllAsync(app, cancellationToken);
        return (bare.Median(), ours.Median(), bareRate, ourRate);
    }

    private static async Task<double> RateAsync(int count, Func<Task> one)
    {
        var left = count;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await one();
        })));
        return count / clock.Elapsed.TotalSeconds;
    }

    private static JsonObject AppOf(string[] command, bool listens)
    {
        var app = new JsonObject { ["command"] = Words(command) };
        if (listens)
            (app["ports"], app["healthCheck"]) = (new JsonArray(8080), new JsonObject { ["type"] = "tcp" });
        return app;
    }

    private static JsonArray Words(IEnumerable<string> command) => new([.. command.Select(word => JsonValue.Create(word))]);
}
