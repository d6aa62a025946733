using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Local.Examples;
using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Demo.Instances;

/// <summary>
/// Pressure becomes machines: GitHub's deliveries queue jobs, the controller provisions a runner for each as far as the
/// flavor's bounds go, each runner serves a job and ends, and the pressure falls back to the minimum.
/// </summary>
internal sealed class InstancesDemo : IDemoPart
{
    private const int Jobs = 200;
    private const int Minimum = 2;
    private const int MostWanted = 12;
    private const int WorkMilliseconds = 150;
    private const string Flavor = "demo-runner";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public string Title => "Pressure becomes machines";

    public async Task<bool> RunAsync(RunContext run, CancellationToken cancellationToken)
    {
        using var client = new InstancesClient(run);
        await using var counter = new JobCounter();
        var app = await client.EnsureAppAsync(App(run, counter), cancellationToken);
        // No more than the nodes have room for: the peak is the flavor's bound, not theirs.
        var maximum = Math.Clamp(await client.RoomAsync(RunnerExample.MilliCpus, RunnerExample.MemoryMiB, cancellationToken), Minimum + 1, MostWanted);
        await client.PutFlavorAsync(Flavor, FlavorOf(app, Minimum, maximum), cancellationToken);
        run.Console.Pair("Flavor", $"{Flavor}: at least {Minimum} machines, at most {maximum}, each a process of examples/runner");
        run.Console.Pair("Jobs", $"{Jobs} signed workflow_job deliveries; a runner sends those about its job itself");
        run.Console.Blank();

        var earlier = (await client.AllAsync(app, 0, cancellationToken)).Select(instance => instance.Id).DefaultIfEmpty(0).Max();
        var ids = Enumerable.Range(0, Jobs).Select(i => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000 + i).ToList();
        var sending = Task.CompletedTask;
        var chart = new CapacityChart(Jobs, maximum);
        CapacitySample? last = null;
        var since = TimeProvider.System.GetTimestamp();
        await chart.ShowAsync(run.Console, async show =>
        {
            sending = SendAsync(client, counter, ids, cancellationToken);
            while (TimeProvider.System.GetElapsedTime(since) < Deadline)
            {
                last = await SampleAsync(client, app, counter, cancellationToken);
                show(last);
                if (last is { Completed: >= Jobs, Pressure: Minimum, Instances: Minimum, Starting: 0 } || sending.IsFaulted)
                    break;
                await Task.Delay(PollInterval, cancellationToken);
            }
        });
        await sending;
        var took = TimeProvider.System.GetElapsedTime(since);
        var report = await InstancesReport.CreateAsync(client, app, earlier, ids, counter, chart.Peak, last!, cancellationToken);
        report.Print(run.Console, took, Minimum, maximum);

        // What it started is gone when it is over; the flavor stays, and makes nothing any more.
        await client.PutFlavorAsync(Flavor, FlavorOf(app: null, minimum: 0, maximum), cancellationToken);
        await client.TerminateAllAsync(app, cancellationToken);
        return report.Faults(Minimum, maximum).Count == 0;
    }

    private static JsonObject App(RunContext run, JobCounter counter) => new()
    {
        ["name"] = Flavor,
        ["command"] = new JsonArray(Binaries.Find("node") ?? "node", Path.Combine(RunnerExample.Directory, "runner.mjs")),
        ["env"] = new JsonObject { ["RUNNER_JOBS"] = counter.Address.AbsoluteUri, ["RUNNER_WEBHOOK"] = new Uri(run.Installation.Url, "webhook").AbsoluteUri },
        ["graceSeconds"] = 2,
        ["restartPolicy"] = new JsonObject { ["mode"] = "no" },
    };

    private static JsonObject FlavorOf(long? app, int minimum, int maximum) => new()
    {
        ["labels"] = new JsonArray(Flavor),
        ["minimum_pressure"] = minimum,
        ["maximum_pressure"] = maximum,
        ["provision"] = app is { } id ? new JsonObject { ["app"] = id, ["instance_type"] = RunnerExample.Size } : null,
    };

    private static async Task SendAsync(InstancesClient client, JobCounter counter, List<long> ids, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(ids, parallel, async (id, token) =>
        {
            var job = WorkflowJob(id);
            await client.DeliverAsync(new JsonObject { ["action"] = "queued", ["workflow_job"] = job.DeepClone(), ["repository"] = new JsonObject { ["full_name"] = "acme/site" } }, token);
            counter.Add(id, new JsonObject { ["workflow_job"] = job, ["webhook_secret"] = client.WebhookSecret, ["work_milliseconds"] = WorkMilliseconds });
        });
    }

    private static JsonObject WorkflowJob(long id) => new()
    {
        ["id"] = id,
        ["run_id"] = id / 10,
        ["name"] = "build",
        ["status"] = "queued",
        ["created_at"] = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        ["labels"] = new JsonArray("self-hosted", "linux", Flavor),
        ["runner_name"] = null,
    };

    private static async Task<CapacitySample> SampleAsync(InstancesClient client, long app, JobCounter counter, CancellationToken cancellationToken)
    {
        var instances = await client.RunningAsync(app, cancellationToken);
        var taken = counter.Taken.Sum(pair => pair.Value.Count);
        var completed = await client.CompletedAsync(Flavor, cancellationToken);
        var working = instances.Count(instance => instance is { Status: "running", Job: not null });
        return new CapacitySample(
            await client.PressureAsync(Flavor, cancellationToken),
            instances.Count(instance => instance.Status is "provisioning"),
            instances.Count(instance => instance is { Status: "running", Job: null }),
            working, Jobs - taken, completed);
    }
}
