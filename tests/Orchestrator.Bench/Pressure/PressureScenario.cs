using System.Diagnostics;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Bench.Pressure;

/// <summary>GetPressures where few jobs wait and where many do, in alternating blocks; what counting the jobs would cost stands beside it.</summary>
public sealed class PressureScenario(TestStand stand, BenchOptions options, Report report)
{
    private const double Gate = 1.3;
    private const int Blocks = 30;
    private const int BlockSize = 100;
    private const string Path = "/api/v1/flavors/_/pressure";
    private const string CountJobs =
        "SELECT assigned_flavor, count(*) FROM job WHERE platform = 'github' AND completed_at IS NULL GROUP BY assigned_flavor";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var few = await stand.StartHostAsync("Orchestrator.Api", stand.Few, cancellationToken, ("Host__Role", "api"));
        await using var many = await stand.StartHostAsync("Orchestrator.Api", stand.Many, cancellationToken, ("Host__Role", "api"));
        var hasRoute = await HasRouteAsync(few, cancellationToken);
        var reads = await CompareAsync(
            ReadFrom(few, stand.Few, hasRoute, cancellationToken), ReadFrom(many, stand.Many, hasRoute, cancellationToken), Blocks, BlockSize);
        var views = await CompareAsync(
            ReadFrom(few, stand.Few, hasRoute: false, cancellationToken), ReadFrom(many, stand.Many, hasRoute: false, cancellationToken), Blocks, BlockSize);
        var counts = await CompareAsync(
            () => stand.Few.CountsAsync(CountJobs, cancellationToken), () => stand.Many.CountsAsync(CountJobs, cancellationToken), blocks: 5, blockSize: 1);

        var table = new Table(
            $"Pressure: {options.Completed:N0} completed, median ms", $"{TestStand.FewWaiting:N0} waiting", $"{options.Waiting:N0} waiting", "ratio");
        var name = hasRoute ? $"GET {Path}" : "PressureReader (no route yet)";
        Add(name, reads);
        Add("SQL: view flavor_pressure", views);
        Add("SQL: counting the jobs", counts);
        var figures = new JsonObject { ["what"] = name };
        foreach (var (key, pair) in ((string, (double Few, double Many))[])[("read", reads), ("view", views), ("count", counts)])
            figures[key] = new JsonObject { ["few"] = pair.Few, ["many"] = pair.Many };
        report.Add(
            "jobs-pressure", table, figures,
            new Gate($"pressure at {options.Waiting:N0} / at {TestStand.FewWaiting:N0} waiting", reads.Many / reads.Few, Gate, IsUpper: true, IsGate: true));

        void Add(string what, (double Few, double Many) pair) =>
            table.Add(what, $"{pair.Few:0.000}", $"{pair.Many:0.000}", $"{pair.Many / pair.Few:0.00}");
    }

    private static async Task<bool> HasRouteAsync(HostProcess host, CancellationToken cancellationToken)
    {
        using var response = await host.Client.GetAsync(Path, cancellationToken);
        return response.IsSuccessStatusCode;
    }

    private static Func<Task> ReadFrom(HostProcess host, Database database, bool hasRoute, CancellationToken cancellationToken)
    {
        if (hasRoute)
            return () => host.Client.GetStringAsync(Path, cancellationToken);
        var reader = new PressureReader(database.Source);
        return () => reader.ReadAsync("github", [], cancellationToken);
    }

    private static async Task<(double Few, double Many)> CompareAsync(Func<Task> few, Func<Task> many, int blocks, int blockSize)
    {
        await BlockAsync(few, blockSize);
        await BlockAsync(many, blockSize);
        var (atFew, atMany) = (new List<double>(), new List<double>());
        for (var i = 0; i < blocks; i++)
        {
            atFew.AddRange(await BlockAsync(few, blockSize));
            atMany.AddRange(await BlockAsync(many, blockSize));
        }

        return (atFew.Median(), atMany.Median());
    }

    private static async Task<List<double>> BlockAsync(Func<Task> read, int size)
    {
        var times = new List<double>(size);
        for (var i = 0; i < size; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await read();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times;
    }
}
