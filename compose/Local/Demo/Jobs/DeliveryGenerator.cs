using System.Text.Json;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>Draws a quarter of an hour of an organisation's CI from a seed: the same seed, the same jobs.</summary>
/// <param name="seed">Decides everything but ids and the clock.</param>
/// <param name="end">The time up to which things happened.</param>
internal sealed class DeliveryGenerator(int seed, DateTimeOffset end)
{
    private static readonly string[] Repositories = ["storefront", "payments", "search", "mobile-app", "ml-models"];
    private static readonly string[] Names = ["build", "unit-tests", "integration-tests", "lint", "package", "deploy-preview"];

    // How often a label set occurs; the last ones are served by every flavor and by none.
    private static readonly (int Weight, string[] Labels)[] LabelSets =
    [
        (30, ["self-hosted", "linux", "x64", "small"]),
        (18, ["self-hosted", "Linux", "X64", "large"]),
        (16, ["self-hosted", "linux", "arm64"]),
        (10, ["self-hosted", "linux", "x64", "gpu"]),
        (8, ["self-hosted", "x64", "docker", "ubuntu-24.04"]),
        (8, ["self-hosted", "linux"]),
        (10, ["self-hosted", "macos", "xcode-16"]),
    ];

    private static readonly (int Weight, string[] Actions)[] Lives =
    [
        (50, ["queued", "in_progress", "completed"]),
        (20, ["queued", "in_progress"]),
        (14, ["queued"]),
        (6, ["queued", "completed"]),
        (5, ["completed"]),
        (5, ["in_progress", "completed"]),
    ];

    private readonly Random _random = new(seed);
    private readonly long _firstId = end.ToUnixTimeMilliseconds() * 1000;

    /// <summary>Jobs with exactly this many deliveries between them.</summary>
    public IReadOnlyList<DemoJob> Jobs(int deliveries)
    {
        var jobs = new List<DemoJob>();
        while (deliveries > 0)
        {
            var job = Job(_firstId + jobs.Count, deliveries);
            deliveries -= job.Deliveries.Count;
            jobs.Add(job);
        }

        return jobs;
    }

    /// <summary>Everything that the jobs were told, some of it twice or more, in any order.</summary>
    public Delivery[] Shuffled(IReadOnlyList<DemoJob> jobs, int repeats)
    {
        var once = jobs.SelectMany(job => job.Deliveries).ToArray();
        Delivery[] all = [.. once, .. _random.GetItems(once, repeats)];
        _random.Shuffle(all);
        return all;
    }

    private DemoJob Job(long id, int atMost)
    {
        var actions = Draw(Lives).Take(atMost).ToArray();
        var created = end - TimeSpan.FromSeconds(_random.Next(60, 900));
        var started = created + TimeSpan.FromSeconds(_random.Next(2, 240));
        var payload = new Payload
        {
            JobId = id,
            Repository = _random.GetItems(Repositories, 1)[0],
            JobName = _random.GetItems(Names, 1)[0],
            Labels = Draw(LabelSets),
            CreatedAt = created,
            StartedAt = started,
        };
        var conclusion = actions.Contains("in_progress", StringComparer.Ordinal) ? (_random.Next(10) == 0 ? "failure" : "success")
            : actions.Length == 1 ? "skipped" : "cancelled";
        var completed = started + TimeSpan.FromSeconds(_random.Next(5, 600));
        return new DemoJob(id.ToString(), [.. actions.Select(action => Deliver(action, action switch
        {
            "queued" => payload with { StartedAt = created },
            "completed" => payload with { CompletedAt = completed, Conclusion = conclusion },
            _ => payload,
        }))]);
    }

    private static Delivery Deliver(string action, Payload payload)
    {
        var json = payload.Create(action);
        return new Delivery(Guid.CreateVersion7(), action, json, JsonSerializer.SerializeToUtf8Bytes(json));
    }

    private T Draw<T>((int Weight, T Item)[] choices)
    {
        var point = _random.Next(choices.Sum(choice => choice.Weight));
        return choices.First(choice => (point -= choice.Weight) < 0).Item;
    }
}
