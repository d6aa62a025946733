using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>
/// GitHub's deliveries become jobs, jobs become pressure. It is a plain HTTP client: it
/// sends what GitHub would send, out of order and with repeats, and checks each row that comes of it.
/// </summary>
internal sealed class JobsDemo : IDemoPart
{
    private const int Deliveries = 500;
    private const int Repeats = 40;
    private const int Seed = 20;
    private static readonly TimeSpan PressureDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public string Title => "GitHub jobs become pressure";

    public async Task<bool> RunAsync(RunContext run, CancellationToken cancellationToken)
    {
        var console = run.Console;
        using var api = new JobsClient(run);
        foreach (var flavor in DemoFlavor.All)
            await api.EnsureFlavorAsync(flavor, cancellationToken);
        var flavors = await api.FlavorsAsync(cancellationToken);
        var before = await api.PressuresAsync(cancellationToken);
        var incompleteBefore = await IncompleteAsync(api, flavors, before, cancellationToken);

        var generator = new DeliveryGenerator(Seed, TimeProvider.System.GetUtcNow());
        var jobs = generator.Jobs(Deliveries - Repeats);
        var deliveries = generator.Shuffled(jobs, Repeats);
        console.Pair("Jobs", $"{deliveries.Length} signed workflow_job deliveries about {jobs.Count} jobs: shuffled, {Repeats} of them repeats");
        console.Blank();

        var sender = new DeliverySender(api);
        var rows = jobs.Select(job => new ExpectedJob(job, flavors)).ToList();
        IReadOnlyList<JobState> states = [];
        await DemoProgress.ShowAsync(
            console,
            new Stage("Deliveries sent", deliveries.Length, progress => sender.SendAsync(deliveries, progress, cancellationToken)),
            new Stage("Jobs as expected", rows.Count, async progress =>
                states = await new Convergence(api, TimeProvider.System).WaitAsync(rows, progress, cancellationToken)));

        var expected = PressureForecast.Create(flavors, incompleteBefore, states);
        var result = new JobsResult
        {
            Flavors = [.. flavors.OrderByDescending(flavor => flavor.Priority)],
            States = states,
            PressureBefore = before,
            PressureExpected = expected,
            PressureAfter = await PressureAsync(api, expected, cancellationToken),
            Sender = sender,
        };
        JobsReport.Print(console, result);
        return result.Faults.Count == 0;
    }

    // Pressure above the minimum is the number of incomplete jobs; at a bound, only the jobs themselves tell.
    private static async Task<Dictionary<string, int>> IncompleteAsync(
        JobsClient api, IEnumerable<DemoFlavor> flavors, Dictionary<string, int> pressures, CancellationToken cancellationToken)
    {
        var incomplete = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var flavor in flavors)
        {
            var pressure = pressures.GetValueOrDefault(flavor.Name);
            var bounded = !flavor.IsDisabled && (pressure == flavor.MinimumPressure || pressure == flavor.MaximumPressure);
            incomplete[flavor.Name] = bounded ? await api.IncompleteJobsAsync(flavor.Name, cancellationToken) : pressure;
        }

        return incomplete;
    }

    private static async Task<IReadOnlyDictionary<string, int>> PressureAsync(JobsClient api, Dictionary<string, int> expected, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await api.PressuresAsync(cancellationToken);
            if (expected.All(pair => now.GetValueOrDefault(pair.Key) == pair.Value) || TimeProvider.System.GetElapsedTime(start) > PressureDeadline)
                return now;
            await Task.Delay(PollInterval, cancellationToken);
        }
    }
}
